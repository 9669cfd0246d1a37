//! Cells of a table by the positions of its header, since cells have spaces in them.
//!
//! kubectl aligns a table as a whole, except where it cannot: a message with a line break in it ends
//! the alignment (`text/tabwriter` aligns adjacent lines only), and `--watch` aligns every batch anew.
//! A row that does not fit the header is split where two spaces stand together instead; no cell but
//! the last has those.

/// The columns of one table, by the names in its header.
pub(super) struct Columns {
    /// Name, and the character at which it starts.
    columns: Vec<(String, usize)>,
}

impl Columns {
    /// Reads a header; names are one space apart inside, and at least two from each other.
    pub(super) fn of_header(header: &str) -> Self {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let mut gap = 2;
        for (at, character) in header.chars().enumerate() {
            if character == ' ' {
                gap += 1;
                continue;
            }
            match columns.last_mut() {
                Some((name, _)) if gap == 1 => name.extend([' ', character]),
                Some((name, _)) if gap == 0 => name.push(character),
                _ => columns.push((character.to_string(), at)),
            }
            gap = 0;
        }
        Self { columns }
    }

    /// The place of the column of that name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }

    /// The cells of a row that fits the header; `is_row` says whether it makes sense so.
    pub(super) fn cells(
        &self,
        row: &str,
        is_row: impl Fn(&[String]) -> bool,
    ) -> Option<Vec<String>> {
        let aligned = self.aligned(row).filter(|cells| is_row(cells));
        aligned.or_else(|| self.split(row).filter(|cells| is_row(cells)))
    }

    fn aligned(&self, row: &str) -> Option<Vec<String>> {
        let characters: Vec<char> = row.chars().collect();
        let mut cells = Vec::with_capacity(self.columns.len());
        for (index, &(_, start)) in self.columns.iter().enumerate() {
            let end = self.columns.get(index + 1).map_or(characters.len(), |&(_, next)| next);
            if start > 0 && characters.get(start - 1).is_some_and(|before| *before != ' ') {
                return None;
            }
            let cell = characters.get(start..end.min(characters.len())).unwrap_or_default();
            cells.push(cell.iter().collect::<String>().trim().to_owned());
        }
        Some(cells)
    }

    fn split(&self, row: &str) -> Option<Vec<String>> {
        let mut rest = row.trim();
        let mut cells = Vec::with_capacity(self.columns.len());
        while cells.len() + 1 < self.columns.len() {
            let (cell, behind) = rest.split_once("  ")?;
            cells.push(cell.to_owned());
            rest = behind.trim_start();
        }
        cells.push(rest.to_owned());
        Some(cells)
    }
}
