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
// Nor does Landlock cover what a file has beside its text. Filters of system calls,
// which see no path, deny extended attributes, chattr's flags and an owner or
// group other than the user's own, everywhere. Modes and times are left, because
// git, tar and every build set them: at level medium a command can change those of
// the user's own files outside the workspace too.
//
// The supervisor shares its PID namespace with commands there. These can send it
// no signal, and none to all processes at once (kill -1).
//
// At both levels no mode with a set-user-ID or set-group-ID bit can be set, not
// even one that a directory has already: a filter cannot tell a directory from a
// program. So git init --shared fails inside, as does what git does for
// core.sharedRepository and tar -p for such directories; a new directory still
// takes the bit over from the one that it is made in.
//
// What commands write to the workspace and their home is limited for each file
// only. At both levels the supervisor looks at the workspace's disk ten times a
// second and kills a command that leaves less than 1 GB or a twentieth of it
// (supervisor.Options.Disk). It can come too late, it does not count inodes, and
// what was written stays.
//
// None: a command can do what the server's user can. Bounded time, one pipe for
// both outputs, no secret in the environment and the end of the whole process
// tree hold all the same.
//
// Memory, processes and CPU are limited by control groups where these can be
// made. Elsewhere the number of processes is limited by the user namespace, but
// not for root, and memory is watched by the supervisor, ten times a second: what
// processes have mapped that is no file's, shared memory included. Memory files
// (memfd_create) and large System V segments cannot be had then. It does not
// count the files in /tmp and /dev/shm, each of which may take what a file may,
// nor what the kernel holds for processes, as buffers of pipes and sockets; and in
// a tenth of a second a command can overshoot. A limit that cannot be enforced is
// absent from Info.
//
// Elsewhere than on Linux there is level none alone: a command's process group is
// killed on Unix, its shell on Windows.
//
// The package must not know of tools, agents or the protocol.
package local
