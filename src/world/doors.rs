//! Connections to ports of VMs, which say no more than that something there takes them.

use super::parallel::at_once;
use crate::model::Door;
use std::net::TcpStream;
use std::time::Duration;

/// Connect to each, all at once, and close the connections at once: nothing is sent or read.
pub(super) fn connect(doors: &[Door], within: Duration) -> Vec<Result<(), String>> {
    at_once(doors, |door| {
        let connection = TcpStream::connect_timeout(&door.at, within).map(drop);
        connection.map_err(|error| {
            let late = error.kind() == std::io::ErrorKind::TimedOut;
            if late { format!("no answer within {} s", within.as_secs()) } else { error.to_string() }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VmId;
    use std::net::TcpListener;

    #[test]
    fn what_listens_takes_a_connection_and_what_does_not_says_why() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        // It is known to be free, and nobody else listens at this address.
        let shut = TcpListener::bind("127.0.0.9:0").unwrap().local_addr().unwrap();
        let doors = [open, shut].map(|at| Door { vm: VmId(1), at });
        let said = connect(&doors, Duration::from_secs(2));
        assert_eq!(said[0], Ok(()));
        assert!(said[1].as_ref().unwrap_err().contains("refused"), "{said:?}");
    }
}
