//! Pools that oned gives whole or not at all: one object whose text is no UTF-8, or larger than any reply that is read, and
//! the reply is a fault. It is then asked for in smaller parts, and at last by itself, so that it hides no other.

use super::calls::{during, id};
use super::leader::text;
use super::{Oned, Transport};
use crate::error::{Error, NOT_DEFINED, OnedError, Refusal, Result};
use crate::model::{Cluster, VmId};
use crate::wire::documents::{Decode, Pool, read, read_pool};
use crate::wire::xml::{Limits, XmlError};
use crate::wire::xmlrpc::Value;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// VMs in one `one.vmpool.infoset`: about 10 MB of reply.
const CHUNK: usize = 2000;
/// So few that cannot be read together are read one by one.
const FEW: usize = 8;
/// So many objects are read one by one because they cannot be read together, each time that they are asked for.
const MOST: usize = 1000;

/// How a set came back.
enum Set<D> {
    Read(Pool<D>),
    /// Something in it makes the whole unreadable.
    Broken(XmlError),
    NotDefined,
}

impl<T: Transport> Oned<T> {
    /// These VMs. One that could not be read among others is asked for by itself from then on.
    pub(super) fn vm_sets<D: Decode>(&self, vms: &[VmId]) -> Result<Pool<D>> {
        let known = self.apart.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (apart, together): (Vec<VmId>, Vec<VmId>) = vms.iter().partition(|vm| known.contains(vm));
        let mut left = MOST;
        let mut pool = Pool::default();
        for chunk in together.chunks(CHUNK) {
            pool.append(self.vm_set(chunk, &mut left)?);
        }
        pool.append(self.one_by_one(&apart)?);
        let bad: BTreeSet<VmId> = pool.bad.iter().filter_map(|(vm, _)| vm.parse().ok().map(VmId)).collect();
        *self.apart.lock().unwrap_or_else(PoisonError::into_inner) =
            known.into_iter().filter(|vm| !apart.contains(vm)).chain(bad).collect();
        Ok(pool)
    }

    /// In halves where the whole cannot be read, down to a few VMs, which are read one by one.
    fn vm_set<D: Decode>(&self, vms: &[VmId], left: &mut usize) -> Result<Pool<D>> {
        if self.without_infoset.load(Ordering::Relaxed) {
            return self.one_by_one(vms);
        }
        let why = match self.ask_set(vms)? {
            Set::Read(pool) => return Ok(pool),
            Set::NotDefined => {
                self.without_infoset.store(true, Ordering::Relaxed);
                return self.one_by_one(vms);
            }
            Set::Broken(why) => why,
        };
        if vms.len() > FEW && *left > 0 {
            let (first, second) = vms.split_at(vms.len() / 2);
            let mut pool = self.vm_set(first, left)?;
            pool.append(self.vm_set(second, left)?);
            return Ok(pool);
        }
        let (one_by_one, unread) = vms.split_at(vms.len().min(*left));
        *left -= one_by_one.len();
        let mut pool = self.one_by_one(one_by_one)?;
        pool.bad.extend(unread.iter().map(|vm| (vm.0.to_string(), why.clone())));
        Ok(pool)
    }

    fn ask_set<D: Decode>(&self, vms: &[VmId]) -> Result<Set<D>> {
        let method = "one.vmpool.infoset";
        let ids: Vec<String> = vms.iter().map(|vm| vm.0.to_string()).collect();
        let params = [Value::Text(ids.join(",")), Value::Bool(true)];
        match self.read(method, &params).and_then(text) {
            Ok(xml) => Ok(read_pool(&xml, Limits::REPLY).map_or_else(Set::Broken, Set::Read)),
            Err(OnedError::Fault { code: NOT_DEFINED, .. }) => Ok(Set::NotDefined),
            Err(error) => broken(error).map(Set::Broken).map_err(during(method)),
        }
    }

    /// A pool; where it cannot be read whole, each of the objects that the clusters name.
    pub(super) fn pool_or_each<D: Decode>(
        &self,
        method: &str,
        each: &str,
        ids: fn(&Cluster) -> Vec<u32>,
    ) -> Result<Pool<D>> {
        let error = match self.read_pool(method, &[]) {
            Err(Error::Oned { source: source @ OnedError::Fault { .. }, .. }) => source,
            other => return other,
        };
        let named: BTreeSet<u32> = self.clusters()?.good.iter().flat_map(ids).collect();
        if named.is_empty() || named.len() > MOST {
            return Err(during(method)(error));
        }
        self.each(each, named)
    }

    pub(super) fn one_by_one<D: Decode>(&self, vms: &[VmId]) -> Result<Pool<D>> {
        self.each("one.vm.info", vms.iter().map(|vm| vm.0))
    }

    /// Objects by their ids. One that does not exist is in neither list of the pool.
    fn each<D: Decode>(&self, method: &str, ids: impl IntoIterator<Item = u32>) -> Result<Pool<D>> {
        let mut pool = Pool::default();
        for number in ids {
            let bad = match self.read(method, &[id(number), Value::Bool(false)]).and_then(text) {
                Ok(xml) => match read::<D>(&xml, Limits::REPLY) {
                    Ok(good) => {
                        pool.good.push(good);
                        continue;
                    }
                    Err(error) => error,
                },
                Err(OnedError::Refused { kind: Refusal::NoExists, .. }) => continue,
                Err(error) => broken(error).map_err(during(method))?,
            };
            pool.bad.push((number.to_string(), bad));
        }
        Ok(pool)
    }
}

/// What lies in the object that was asked for and would come again; or the error, where another call may do better.
fn broken(error: OnedError) -> Result<XmlError, OnedError> {
    match error {
        OnedError::Reply(why @ (XmlError::TooLong(_) | XmlError::TooMany(_))) => Ok(why),
        OnedError::Fault { code, text } if code != NOT_DEFINED => Ok(XmlError::Withheld(text)),
        OnedError::Reply(_)
        | OnedError::Fault { .. }
        | OnedError::NotSent(_)
        | OnedError::Unknown(_)
        | OnedError::Refused { .. } => Err(error),
    }
}
