//! The calls about the hooks that start us.

use super::calls::id;
use super::{Oned, Transport};
use crate::error::{OnedError, Result};
use crate::model::{Hook, HookId};
use crate::wire::documents::Pool;
use crate::wire::xmlrpc::Value;

impl<T: Transport> Oned<T> {
    /// `one.hookpool.info`.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn hooks(&self) -> Result<Pool<Hook>> {
        let all = [Value::Int(-2), Value::Int(-1), Value::Int(-1)];
        self.read_pool("one.hookpool.info", &all)
    }

    /// `one.hook.allocate`. Names are unique: a call whose answer was lost makes no second one.
    ///
    /// # Errors
    /// [`OnedError`], as for every write.
    pub fn allocate_hook(&self, template: &str) -> Result<(), OnedError> {
        self.write("one.hook.allocate", &[Value::Text(template.to_owned())]).map(drop)
    }

    /// `one.hook.update`: the whole template is replaced, so it may be repeated. The hook's name and type stay.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn update_hook(&self, hook: HookId, template: &str) -> Result<(), OnedError> {
        let replace = Value::Int(0);
        let params = [id(hook.0), Value::Text(template.to_owned()), replace];
        self.write("one.hook.update", &params).map(drop)
    }

    /// `one.hook.delete`, with its log.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn delete_hook(&self, hook: HookId) -> Result<(), OnedError> {
        self.write("one.hook.delete", &[id(hook.0)]).map(drop)
    }
}
