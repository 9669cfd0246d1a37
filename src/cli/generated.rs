//! What is generated from the command line's own grammar: completions and the manual page.

use std::io::{self, Write};

use clap_complete::Shell;

use super::Name;

/// Prints completions for a shell. kubectl completes its plugins through a program of its own, so
/// that completions are always those of `pulldoctor`.
pub(super) fn completions(shell: Shell, name: Name, out: &mut dyn Write) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut name.command(), "pulldoctor", &mut script);
    out.write_all(&script)
}

/// Prints the manual page, all commands on one page.
pub(super) fn man(name: Name, out: &mut dyn Write) -> io::Result<()> {
    let mut command = name.command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        clap_mangen::Man::new(sub.clone()).render(out)?;
    }
    Ok(())
}
