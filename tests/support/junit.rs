//! Holds a JUnit report against the schema, and its counts against its cases.

use uppsala::xsd::XsdValidator;
use uppsala::{Document, NodeId, parse};

const SCHEMA: &str = include_str!("junit.xsd");

/// How many cases came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All cases.
    pub tests: usize,
    /// Those with a failure.
    pub failures: usize,
    /// Those with an error.
    pub errors: usize,
    /// Those that were skipped.
    pub skipped: usize,
}

impl Counts {
    fn of(document: &Document<'_>, within: NodeId) -> Self {
        let inside = document.descendants(within);
        let count = |name: &str| {
            let elements = inside.iter().filter_map(|node| document.element(*node));
            elements.filter(|element| element.name.local_name == name).count()
        };
        Self {
            tests: count("testcase"),
            failures: count("failure"),
            errors: count("error"),
            skipped: count("skipped"),
        }
    }
}

/// What is wrong with a report by the schema.
pub fn violations(text: &str) -> Vec<String> {
    let schema = parse(SCHEMA).expect("the schema is XML");
    let validator = XsdValidator::from_schema(&schema).expect("the schema is a schema");
    match parse(text) {
        Ok(document) => validator.validate(&document).iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Panics unless the report is valid and says of itself what it holds; gives its counts.
pub fn assert_valid(text: &str) -> Counts {
    let wrong = violations(text);
    assert!(wrong.is_empty(), "{wrong:#?}\n{text}");
    let document = parse(text).expect("it is valid");
    let root = document.document_element().expect("it is valid");
    let declared = |node, key| {
        document.get_attribute(node, key).map(|it| it.parse::<usize>().expect("it is valid"))
    };
    for node in document.get_elements_by_tag_name("testsuite").into_iter().chain([root]) {
        let counts = Counts::of(&document, node);
        for (key, count) in [
            ("tests", counts.tests),
            ("failures", counts.failures),
            ("errors", counts.errors),
            ("skipped", counts.skipped),
        ] {
            assert_eq!(declared(node, key).unwrap_or(count), count, "{key}\n{text}");
        }
    }
    Counts::of(&document, root)
}
