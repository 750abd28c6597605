//! The services of OneFlow: their documents, each read once in a run.

use super::super::Zone;
use super::super::oned::{Of, Transport};
use crate::error::{Error, OnedError};
use crate::model::{DocumentId, HostId, Listing, SERVICE_TYPE, Service, Vm};
use crate::policy::{Failure, Trouble};
use crate::wire::service;
use crate::wire::xml::XmlError;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// The most services that are read one by one.
const MOST: usize = 50;

const GONE: &str = "it does not exist";

impl<T: Transport> Zone<T> {
    /// The services that VMs of this host belong to, one call for each; of any host, and where there are many, one call
    /// for all.
    pub(super) fn services_of(&self, vms: &[Vm], lost: Option<HostId>) -> Result<Listing<Service>, Failure> {
        let here = vms.iter().filter(|vm| lost.is_none_or(|host| vm.host == Some(host)));
        let wanted: BTreeSet<DocumentId> = here.filter_map(Vm::service).collect();
        let mut known = self.known.services.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<DocumentId> = wanted.iter().copied().filter(|id| !known.contains_key(id)).collect();
        let mut each = new.len() <= MOST && (lost.is_some() || new.is_empty());
        if !each {
            match self.oned().documents(SERVICE_TYPE, Of::Everybody) {
                // Anybody can make documents of this type until the pool of them is too large to be read.
                Err(Error::Oned {
                    source: OnedError::Reply(XmlError::TooLong(_) | XmlError::TooMany(_)),
                    ..
                }) => each = true,
                Ok(pool) => {
                    let read = pool.good.into_iter().map(|document| (document.id, service::read(document)));
                    known.extend(read.filter(|(id, _)| new.contains(id)));
                    for (id, why) in pool.bad {
                        let id = id.parse().ok().map(DocumentId);
                        known.extend(id.map(|id| (id, Err(why.to_string()))));
                    }
                }
                Err(error) => {
                    let why = unknown(error)?;
                    known.extend(new.iter().map(|id| (*id, Err(why.clone()))));
                }
            }
            for id in new.iter().filter(|_| !each) {
                known.entry(*id).or_insert_with(|| Err(GONE.to_owned()));
            }
        }
        if each {
            for id in new {
                let read = match self.oned().document(id) {
                    Ok(document) => service::read(document),
                    Err(error) => Err(unknown(error)?),
                };
                known.insert(id, read);
            }
        }
        let mut listing = Listing::default();
        for id in wanted {
            match known.get(&id) {
                Some(Ok(service)) => listing.all.push(service.clone()),
                Some(Err(why)) => drop(listing.unreadable.insert(id.0, why.clone())),
                None => {}
            }
        }
        Ok(listing)
    }
}

/// What oned refuses to give, or gives as no document, is not known: its owner can write anything there. What oned could
/// not give now is a failure of the survey.
fn unknown(error: Error) -> Result<String, Failure> {
    if let Error::Oned { source: OnedError::Reply(why), .. } = &error {
        return Ok(format!("its document cannot be read: {why}"));
    }
    let failure = Failure::from(error);
    match failure.trouble {
        Trouble::Gone => Ok(GONE.to_owned()),
        Trouble::Refused => Ok(failure.what),
        Trouble::Unreachable | Trouble::Settings => Err(failure),
    }
}
