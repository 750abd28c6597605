//! The end of every trouble: what comes after it is judged by liveness.

use super::SimWorld;

impl SimWorld {
    /// Whatever was still to happen happens; then oned answers at every front-end, no other process is in the way, the
    /// clock is right, and no call is lost any more. What people have decided, and what is broken, stays.
    pub fn calm_down(&mut self) {
        if let Some((last, _)) = self.pending.first() {
            let left = last.saturating_sub(self.cloud_now());
            self.advance(left);
        }
        self.transport.faults_end();
        (self.claimed, self.held) = (None, None);
        let mut cloud = self.transport.cloud();
        for server in 0..cloud.front.servers.len() {
            cloud.server_returns(server);
        }
        let ahead = cloud.standpoint.ahead;
        cloud.clock_jumps(-ahead);
    }
}
