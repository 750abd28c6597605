//! When an OpenNebula hypervisor dies, every VM that can run elsewhere runs elsewhere: in order, never
//! twice, and the operator can see why.
//!
//! # The procedure
//!
//! ```text
//! observe → claim → wait → brake → confirm → fence → prove → survey → plan → act → settle → report
//! ```
//!
//! [`policy`] is the whole procedure as straight-line code that can only ask: at each `.await` it is suspended at one
//! question to a [`world::World`]. [`run`] drives it: it lets the world do that one thing and hands the answer back, until
//! the procedure ends with a [`policy::Report`]. `policy/host_error/mod.rs` is the page to read first.
//!
//! # The layers
//!
//! | layer | is | may use |
//! | --- | --- | --- |
//! | [`model`] | OpenNebula's nouns as plain values | nothing |
//! | `section` | how a setting is declared, and what values there are | nothing |
//! | [`policy`] | judgement: pure, no I/O, no clock | `model`, `section` |
//! | [`wire`] | bytes to values and back: pure, bounded | `model`, `error` |
//! | [`world`] | effects: oned, fence devices, the clock; decides nothing | everything above, `config` |
//! | [`sim`] | a second world: oned's rules, machines, faults; decides nothing | everything above |
//! | [`config`], [`options`] | settings, and what a hook is started with over them | `model`, `section`, `policy`, `wire`, `error` |
//! | [`cli`], [`finish`], [`trail`] | command lines, what people read | everything |
//!
//! No layer, and no folder of one, is in a circle of imports with another: `tests/tidy.rs` looks.
//!
//! # What always holds
//!
//! - No VM is touched without a [`policy::Proof`] that names its host, and only the fence can make one (or `-u`, which
//!   every report then says). No host is fenced without a [`policy::Clearance`], which is taken away with the "off".
//! - Only "off" that is read back several times in a row is off. No answer is never a yes.
//! - Every VM that was seen gets exactly one outcome with a reason.
//! - Nothing destructive unless the flag says so; a call whose outcome is unknown is read back, not repeated.
//! - Time, memory, retries and output are bounded. Secrets reach no argument list, log, report or error.
//!
//! # Who may cause what
//!
//! What somebody writes reaches his own VMs, or his own host, and nobody else's but through the room that is left: a host
//! that one VM has taken is not free for the next. Each row names tests that show it.
//!
//! | input | who may write it | what it can cause at most | test |
//! | --- | --- | --- | --- |
//! | `HA_LAYER` | a VM's owner | his VMs and his team's with the same value are kept apart, or held | `tenants_layer` `tenants_layer_users` `tenants_layer_team` `tenants_layer_together` |
//! | `HA_LAYER` of a VM of the group oneadmin | an administrator | all VMs with the same value keep away from it, or are held | `tenants_layer_admin` |
//! | `plan.layer_scope` | who writes the settings | a value means the same VMs for all, or for an owner alone | `tenants_scope_all` `tenants_scope_owner` |
//! | names of VMs, `HA_AFTER` | a VM's owner | his VM waits, for `after_wait` at most: by id for any VM, by name for his own or his team's | `tenants_after` `who_names_many_takes_the_room_of_nobody_else` |
//! | `SERVICE_ID`, documents of OneFlow | a VM's owner; anybody | a VM waits for those of a service where both name the other | `a_service_orders_only_the_vms_that_name_it` |
//! | VM groups | a group's owner while it is empty; who may use it joins with his VMs | those that have joined are kept apart or together, or are held | `plan_group_apart` `a_group_that_claims_a_vm_does_not_bind_it` |
//! | `HA_POLICY` | a VM's owner | less for his VM than the option says; more never, and only what `owner_may` has | `plan_owners_may_not` `plan_owners_may_no_more` |
//! | `HA_READY`, `HA_READY_DELAY`, `READY` | a VM's owner | his own and his team's VMs wait for it, for `after_wait` at most; a connection to his VM's own leased addresses, a command that the settings name | `ready_tcp_elsewhere` `ready_not_allowed` `ready_stale` `ready_never` |
//! | `HA_PRIORITY` | a VM's owner | his VM is decided earlier, so it has the room that a later one would have | `room_is_given_once_and_by_priority` |
//! | `SCHED_REQUIREMENTS`, `LABELS` | a VM's owner | his VM is held, or left alone | `plan_requirements` `plan_excluded` |
//! | `HA_RESTARTS`, `HA_STATE`, `HA_DOWN` | a VM's owner | `vm_down` tries his VM more often, or not; it is started with its host's failure | `down_in_a_crash_loop` |
//! | whatever else is in a VM's document, however long | a VM's owner | his VM is held; of texts a few words are told | `what_strangers_write_changes_nothing_of_mine` `what_an_owner_writes_is_told_in_few_words` `a_vm_that_cannot_be_read_hides_no_other` `a_stranger_whose_vm_cannot_be_read_holds_nobody` |
//! | `HA_TAIL`, `HA_QUARANTINE` and the like, `HA_RETURNED` | a host's probes | that host stays disabled; it is enabled only if it has failed lately by our records; what is down on it is started there or not | `tenants_host_words` `only_our_own_quarantine_for_flapping_ends_and_only_in_time` `a_host_does_not_enable_itself` |
//! | capacity, devices, `RESERVED_CPU`, `HA_STANDBY` | a host's probes | VMs of a recovery come to that host or do not, as far as oned's own check lets them | `plan_standby_first` `room_is_given_once_and_by_priority` |
//! | a host's `TEMPLATE/ERROR` | oned, that host's probes | that host, if oned has it in ERROR, is fenced earlier or later, or held | `probe_failed` `tenants_host_words` |
//! | documents of type 7113 | every user of OpenNebula | nothing: `check`, `history` and the log name them | `forged_everything` `forged_confirmed_off` `what_strangers_write_changes_nothing` `no_forged_document_commands_the_timer` `what_others_write_is_neither_read_nor_in_the_way` |
//! | documents of ours with wider permissions | whom an administrator lets change them | what the record says, until the next reading closes it; a word in it counts no more | `documents_made_wide` `confirm_off_widened` `a_document_that_others_could_change_is_closed_and_said` |
//! | the options in a record of ours | whoever ran last | a machine moves VMs after a proof, or does what the registered hook would | `what_a_person_gave_to_his_own_run_is_not_gone_on_with` `by_hand_waived_and_killed` `by_hand_delete_and_killed` `what_is_written_is_read_back_and_nothing_else_is` |
//! | names of hosts, what devices and drivers say | administrators, hosts, devices | words of one line in a message: no header, no other line, no value of a variable that is more than a name | `names_break_no_line` `mail_is_plain_text_and_a_host_s_name_makes_no_header` `each_change_is_told_once_with_json_and_a_plain_environment` |
//! | hooks and their arguments | the group oneadmin | what the options say; `--help` and nonsense are refused | `two_modes_none_and_nonsense_are_one_clear_line` |
//! | the template that a hook is handed | oned, or who starts the program as its user | it names a host, which is read anew | `bad_input_is_one_line_with_its_own_code_and_no_call` `a_host_that_is_not_in_error_is_never_switched_off` |
//! | SIGTERM | the hook manager, systemd, root | the run ends, and another one goes on | `stopped_in_an_election` `while_oned_gives_no_answer` |
//! | SIGINT, SIGHUP | the person at the terminal | the incident ends, and no machine goes on with it | `ctrl_c_ends_the_incident_and_names_the_one_command_that_goes_on` `what_a_person_stops_is_over` |
//! | the folder `run_dir` and what is in it | its owner and root; others are refused | a lock that no run holds is taken; notes of the leader and of clocks hold for as long as `startup_grace` and a lease | `a_folder_that_others_may_write_keeps_no_lock` `lock_file_held_by_a_stranger` `what_stands_in_its_place_is_not_followed` `what_was_seen_is_read_again_and_a_damaged_file_is_nothing` |
//! | the crowd's file | the same | a VM is not started, or started although many are down | `a_damaged_file_counts_as_nothing_and_is_replaced` |
//! | journals | the same | `replay` tells another story; nothing else reads them | `a_changed_journal_is_a_verdict_or_an_error` |
//! | names and texts that pages show | VM owners, probes, devices, witnesses, who writes records | they stand there as text | `a_name_that_is_a_tag_stays_a_name_wherever_it_stands` `no_name_breaks_a_line_or_turns_the_letters_that_follow` |
//! | settings, secrets, fence programs | root, and oneadmin where it owns them; others are refused | everything | `row_55_owners_and_modes_decide` `row_55_a_secret_is_not_a_link_a_directory_or_readable_for_others` |
//! | the clocks and the zones of front-ends | their administrators, NTP | what is beyond any setting counts as over | `clock_ahead_and_handed_over` `clock_ahead_and_fenced_before` |
//!
//! Nothing reads the log. What each state of a VM means is a table: [`policy::states`].

mod advised;
pub mod cli;
pub mod config;
pub mod error;
pub mod finish;
pub mod model;
pub mod options;
pub mod page;
pub mod policy;
mod run;
mod section;
pub mod short_report;
pub mod sim;
mod terminal;
pub mod trail;
pub mod wire;
pub mod world;

pub use error::{Error, Result};
pub use run::{Run, replay, run, run_back, run_down, run_evacuate, run_restore, run_steps};
