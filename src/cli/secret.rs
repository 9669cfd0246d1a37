//! `pulldoctor secret NAME`: which registries and images a pull secret serves, and what is wrong
//! with it.

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use crate::diagnose::Image;
use crate::error::Error;
use crate::exit;
use crate::facts::ObjectName;
use crate::image::ImageReference;
use crate::report::secret::SecretReport;
use crate::source::cluster::Cluster;
use crate::source::select;

use super::args::{ClusterArgs, object_name};
use super::output::{Format, Output, width};

/// Arguments of `pulldoctor secret`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pulldoctor secret regcred -n shop
  pulldoctor secret regcred -n shop --image registry.example.com/team/app:1.2
  kubectl get secret regcred -n shop -o yaml | pulldoctor secret regcred --from -

No password or token is printed. Exit codes: 0 it is fine, 1 something is wrong with it (not for
that image, ignored, unreadable, empty, expired), 2 wrong usage, 3 could not look.")]
pub(super) struct SecretArgs {
    /// The secret's name
    #[arg(value_name = "NAME")]
    name: String,
    /// The namespace [default: the context's]
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Would the kubelet use it for this image, and by which keys?
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Leave out user names; passwords are never shown
    #[arg(long)]
    hide_users: bool,
    /// Read what kubectl printed instead of asking a cluster: a file, a directory, or - for standard
    /// input; can be given several times
    #[arg(long, value_name = "PATH", conflicts_with_all = super::args::CLUSTER_FLAGS)]
    from: Vec<PathBuf>,
    /// How to print the report
    #[arg(short, long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Runs the command.
pub(super) fn run(args: SecretArgs, output: &Output) -> Result<u8, Error> {
    let name = object_name(&args.name, "secret", &["secrets"])?;
    let image = args.image.as_deref().map(image).transpose()?;
    let (format, hide_users) = (args.output, args.hide_users);
    let Some(looked) = super::interruptible(look(args, name, image, hide_users)) else {
        output.note("interrupted");
        return Ok(exit::INTERRUPTED);
    };
    let Looked { report, notes } = looked?;
    for note in notes {
        output.note(&note);
    }
    let code = if report.review.is_fine() { exit::OK } else { exit::FOUND };
    Ok(output.data(
        |out| match format {
            Format::Text => report.write_text(width(), out),
            Format::Json => report.write_json(out),
            Format::Yaml => report.write_yaml(out),
        },
        code,
    ))
}

/// An image as typed.
fn image(typed: &str) -> Result<Image, Error> {
    match ImageReference::parse(typed) {
        Ok(_) => Ok(Image::new(typed)),
        Err(flaw) => Err(Error::Usage {
            problem: format!(
                "'{}' is not an image reference: {flaw}",
                crate::redact::line(typed, 100)
            ),
            hint: "write it as the pod does, such as registry.example.com/team/app:1.2".to_owned(),
        }),
    }
}

/// The report, and what to say about how it was got.
struct Looked {
    report: SecretReport,
    notes: Vec<String>,
}

async fn look(
    args: SecretArgs,
    name: String,
    image: Option<Image>,
    hide_users: bool,
) -> Result<Looked, Error> {
    if !args.from.is_empty() {
        let recorded = super::read_files(args.from, args.namespace.as_deref()).await?;
        let facts = recorded.facts;
        let secret = select::secret(&facts, args.namespace.as_deref(), &name)?;
        let report = SecretReport::new(secret, image, facts.origin.clone(), facts.now, hide_users);
        return Ok(Looked { report, notes: recorded.notes });
    }
    let options = args.cluster.options(args.namespace);
    let cluster = Cluster::connect(&options).await?;
    let name = ObjectName::new(cluster.namespace(), name);
    let Some(secret) = cluster.secret(&name).await? else {
        return Err(Error::NoSuchObject(Box::new(cluster.no_secret_help(&name).await)));
    };
    let report = SecretReport::new(&secret, image, cluster.origin(), Utc::now(), hide_users);
    Ok(Looked { report, notes: Vec::new() })
}
