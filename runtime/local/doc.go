// Package local runs commands as child processes of the server: sh -c in the
// workspace, with an allow-listed environment, and nothing of a command left
// when it has ended.
//
// This is sandbox level none: a command can do what the server's user can,
// which includes reading other files and, for the same user, the memory of the
// server. What holds all the same: bounded time, one pipe for both outputs, no
// secret in the environment, and the end of the whole process tree.
//
// # How a process tree is ended
//
// Every command runs in a session, and so a process group, of its own. When its
// shell has ended, by itself or because the context did, the group is killed.
// On Linux the server is a child subreaper besides: what escaped the group (by
// setsid, a double fork) becomes the server's own child as its parent dies, is
// recognised by its session or by a marker in its environment, killed, reaped,
// and so on with what that had started, until nothing is left. Orphans that
// bear no sign at all are ended as soon as no command runs. No other
// process of the server's is touched, as long as it stays in the server's own
// session: so other code must not start children with Setsid while a local
// executor is in use.
//
// Elsewhere on Unix the group is killed, on Windows the shell.
//
// The package must not know of tools, agents or the protocol.
package local
