//! Lists, page by page: in one place what to ask for next, and what an expired token or an answer
//! that cannot be decoded means for what was read so far.

use serde::de::DeserializeOwned;

use super::ask::{Ask, Form};
use super::transport::Transport;
use crate::error::ApiFault;
use crate::source::wire::protobuf::Message;
use crate::source::wire::{List, ListMetadata};

/// Objects in one page of a list.
pub(super) const PAGE: usize = 500;

/// Where in a list one is.
pub(super) struct Pages {
    ask: Ask,
    token: String,
    version: String,
    started_again: bool,
    is_done: bool,
}

/// What reading a page has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Its objects are the next ones.
    Page,
    /// What was read so far, this page included, is to be forgotten: the list begins anew.
    Anew,
}

impl Pages {
    pub(super) fn of(ask: &Ask) -> Self {
        Self {
            ask: ask.clone().limit(PAGE),
            token: String::new(),
            version: String::new(),
            started_again: false,
            is_done: false,
        }
    }

    /// What to ask for next; none at the end.
    pub(super) fn next(&self) -> Option<Ask> {
        let page = || match self.token.as_str() {
            "" => self.ask.clone(),
            token => self.ask.clone().after(token),
        };
        (!self.is_done).then(page)
    }

    /// A page was read, with so many objects, or could not be.
    ///
    /// A token that has expired is no failure, once: what was read so far is of an older state. Nor
    /// is a binary answer that cannot be decoded: JSON is what every server speaks.
    pub(super) fn took(
        &mut self,
        read: Result<ListMetadata, ApiFault>,
        objects: usize,
    ) -> Result<Turn, ApiFault> {
        match read {
            Ok(metadata) => {
                // A server that sends empty pages for ever is not asked for ever.
                self.is_done = metadata.continue_token.is_empty() || objects == 0;
                self.token = metadata.continue_token;
                self.version = metadata.resource_version;
                return Ok(Turn::Page);
            }
            Err(ApiFault::Undecodable { .. }) if self.ask.form == Form::Binary => {
                self.ask.form = Form::Json;
            }
            Err(ApiFault::Gone { .. }) if !self.token.is_empty() && !self.started_again => {
                self.started_again = true;
            }
            Err(fault) => return Err(fault),
        }
        self.token.clear();
        Ok(Turn::Anew)
    }

    /// Whether all of it was read.
    pub(super) fn is_complete(&self) -> bool {
        self.token.is_empty()
    }

    /// The version of the list, which a watch starts from.
    pub(super) fn into_version(self) -> String {
        self.version
    }
}

impl Transport {
    /// Reads a list to its end and hands over each object as its page comes; None stands for
    /// "forget what you have", when the list had to be begun anew.
    pub(super) async fn each<W: DeserializeOwned>(
        &self,
        ask: &Ask,
        mut take: impl FnMut(Option<W>),
    ) -> Result<(), ApiFault> {
        let mut pages = Pages::of(ask);
        while let Some(page) = pages.next() {
            let (read, items) = self.json_page(&page).await;
            match pages.took(read, items.len())? {
                Turn::Page => items.into_iter().for_each(|item| take(Some(item))),
                Turn::Anew => take(None),
            }
        }
        Ok(())
    }

    /// The same in the binary form, for lists that may be large: an object at a time, and no more
    /// than one page at once.
    pub(super) async fn each_binary<W: DeserializeOwned + Message>(
        &self,
        ask: &Ask,
        mut take: impl FnMut(Option<W>),
    ) -> Result<(), ApiFault> {
        let mut pages = Pages::of(&ask.clone().binary());
        while let Some(page) = pages.next() {
            let mut objects = 0;
            let read = self.page::<W>(&page, |item| {
                objects += 1;
                take(Some(item));
            });
            let read = read.await;
            if pages.took(read, objects)? == Turn::Anew {
                take(None);
            }
        }
        Ok(())
    }

    /// A page in JSON: what it says of the list, and its objects.
    pub(super) async fn json_page<W: DeserializeOwned>(
        &self,
        page: &Ask,
    ) -> (Result<ListMetadata, ApiFault>, Vec<W>) {
        match self.fetch::<List<W>>(page).await {
            Ok(list) => (Ok(list.metadata), list.items),
            Err(fault) => (Err(fault), Vec::new()),
        }
    }
}
