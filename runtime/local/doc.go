// Package local runs commands on this machine: sh -c in the workspace, with an
// allow-listed environment, and nothing of a command left when it has ended. On
// Linux a supervisor does it (runtime/supervisor), one for each workspace: this
// program, executed again, which confines itself before it is ready, so that all
// commands inherit what holds for it. A step of that which fails is told, and no
// command runs.
//
// # Levels
//
// Strong: namespaces of its own for users, mounts, processes, network, IPC and
// the host's name. Its root is made of nothing but mounts: the system's programs
// and the toolchains read-only (view), the workspace, a private home that is kept
// for the workspace's next session, and fresh /proc, /dev, /tmp and /dev/shm. So
// no socket of the host's is there to be connected to, while programs inside can
// serve each other over the loopback interface. .git is mounted onto itself, its
// hooks and configuration read-only (gitguard). No capabilities, no_new_privs, Landlock and
// seccomp come on top.
//
// Medium, where such namespaces cannot be had: Landlock and seccomp alone, with
// no sockets but pairs. It does not hold: what git on the host may run for a
// planted hook or configuration (.git can be written like the rest of the
// workspace), the names and arguments of the host's processes in /proc, and
// limits on the number of processes where no control group can be made. Programs
// that need /tmp itself, /dev/shm or a terminal fail there.
//
// Nor does Landlock cover the mode, owner, times and extended attributes of the
// user's own files: at level medium a command can change them outside the
// workspace too.
//
// At both levels no mode with a set-user-ID or set-group-ID bit can be set, not
// even one that a directory has already.
//
// None: a command can do what the server's user can. Bounded time, one pipe for
// both outputs, no secret in the environment and the end of the whole process
// tree hold all the same.
//
// Memory, processes and CPU are limited by control groups where these can be
// made. Elsewhere memory is watched by the supervisor, ten times a second, and the
// number of processes is limited by the user namespace, but not for root; a limit
// that cannot be enforced is absent from Info.
//
// Elsewhere than on Linux there is level none alone: a command's process group is
// killed on Unix, its shell on Windows.
//
// The package must not know of tools, agents or the protocol.
package local
