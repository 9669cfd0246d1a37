//! Names that may have been meant: slips of the finger, and an owner's name typed for its pod's.

/// Hints of each sort; nobody reads more.
const MOST: usize = 5;

/// The names that may have been meant, best first and at most five: those that `name` begins (a Deployment's name
/// typed for its pod's), then those a few edits away.
pub fn names<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    // A pod's own name ends in hashes; what was typed may be of a former pod of the same owner.
    let owner = owner_part(name);
    let mut ranked: Vec<(usize, &str)> = known
        .filter_map(|other| {
            let begins =
                |start: &str| other.strip_prefix(start).is_some_and(|rest| rest.starts_with('-'));
            let rank = if begins(name) {
                0
            } else if owner.is_some_and(begins) {
                1
            } else {
                let theirs = owner_part(other).unwrap_or(other);
                let edits = distance(name, other).min(distance(name, theirs));
                (edits <= name.chars().count() / 3).then_some(1 + edits)?
            };
            Some((rank, other))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(MOST).map(|(_, name)| name.to_owned()).collect()
}

/// `web` of `web-6bf7f8bf45-4cxhn` and of `web-x2x7p`: a pod's name without what its controllers
/// appended.
fn owner_part(name: &str) -> Option<&str> {
    // The alphabet of the API machinery's random suffixes (`k8s.io/apimachinery/pkg/util/rand`).
    let is_random = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
    };
    let (rest, last) = name.rsplit_once('-')?;
    if last.len() != 5 || !is_random(last) {
        return None;
    }
    match rest.rsplit_once('-') {
        Some((owner, hash)) if (6..=10).contains(&hash.len()) && is_random(hash) => Some(owner),
        _ => Some(rest),
    }
}

/// Levenshtein's distance: insertions, deletions and replacements of characters.
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near_in(name: &str, known: &[&str]) -> Vec<String> {
        names(name, known.iter().copied())
    }

    #[test]
    fn distances() {
        for (left, right, expected) in
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("web", "wbe", 2)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn the_owner_s_name_finds_its_pods() {
        let pods =
            ["api-0", "web-6bf7f8bf45-4cxhn", "web-6bf7f8bf45-x2vqk", "webhook-5d4f8c7b9-zz2xq"];
        assert_eq!(near_in("web", &pods), ["web-6bf7f8bf45-4cxhn", "web-6bf7f8bf45-x2vqk"]);
    }

    #[test]
    fn a_former_pod_s_name_finds_its_successor() {
        let pods = ["api-0", "web-6bf7f8bf45-4cxhn"];
        assert_eq!(near_in("web-7c9d4f5b6-x2x7p", &pods), ["web-6bf7f8bf45-4cxhn"]);
    }

    #[test]
    fn a_slip_finds_the_name() {
        assert_eq!(near_in("privte-reg", &["private-reg", "public"]), ["private-reg"]);
        assert_eq!(near_in("wbe", &["web-6bf7f8bf45-4cxhn"]), Vec::<String>::new());
        assert_eq!(near_in("x", &["y", "z"]), Vec::<String>::new());
    }
}
