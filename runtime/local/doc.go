// Package local runs commands on this machine: sh -c in the workspace, with an
// allow-listed environment. No process of a command is left when it has ended.
// On Linux a supervisor (runtime/supervisor) runs the commands of each
// workspace. It is this program, executed again; it confines itself before it
// is ready, so that all commands inherit its restrictions. If a step of that
// fails, the failure is reported and no command runs.
//
// # Levels
//
// Strong: namespaces of its own for users, mounts, processes, network, IPC and
// the host's name. Its root consists of mounts only: the system's programs and
// the toolchains read-only (view), the workspace, a private home that is kept
// for the workspace's next session, and new /proc, /dev, /tmp and /dev/shm. So
// commands can connect to no socket of the host, while programs inside can
// serve each other over the loopback interface and by sockets of their own.
// Sockets that the host serves in the workspace, in the read-only directories
// and in WritePaths, FIFOs that it has open, and devices are masked by ones
// without effect (specials); a socket that ReadPaths names itself is not. When
// the host makes such a socket later, the sandbox is made anew before the next
// command, once no command runs. Until then commands can connect to it, except
// where Landlock has version 9 or later, which knows where a socket was made.
// .git is mounted onto itself, its hooks and configuration read-only
// (gitguard). In addition there are no capabilities, and no_new_privs, Landlock
// and seccomp apply.
//
// Medium, where such namespaces are not available: Landlock and seccomp only,
// with no sockets but pairs. It does not prevent: a hook or configuration that
// git on the host runs (.git can be written like the rest of the workspace),
// writes to FIFOs in the workspace that a program on the host reads, and
// reading the names and arguments of the host's processes in /proc. It does not
// limit the number of processes where no control group can be made. Programs
// that need /tmp itself, /dev/shm or a terminal fail there.
//
// Landlock does not cover the metadata of files either. Filters of system
// calls, which see no path, deny setting extended attributes, chattr's flags
// and an owner or group other than the user's own, everywhere. They allow modes
// and times, because git, tar and every build set them: at level medium a
// command can change those of the user's own files outside the workspace too.
// For root these include the system's files and the host's devices: root should
// use Docker or level strong, where both are on read-only mounts.
//
// At level medium the supervisor shares its PID namespace with commands. They
// can send it no signal, and none to all processes at once (kill -1).
//
// At both levels no mode with a set-user-ID or set-group-ID bit can be set, not
// even one that a directory has already: a filter cannot distinguish a
// directory from a program. So git init --shared fails inside, and so do git
// with core.sharedRepository and tar -p for such directories; a new directory
// still inherits the bit from its parent.
//
// Only the size of each file that commands write in the workspace and their
// home is limited, not the sum. At both levels the supervisor checks the
// workspace's disk ten times a second and kills a command when less than 1 GB
// or a twentieth of it is free (supervisor.Options.Disk). That can be too late,
// it does not count inodes, and the written files stay.
//
// None: a command can do what the server's user can. It still has bounded time,
// one pipe for both outputs and no secret in its environment, and its whole
// process tree ends.
//
// Memory, processes and CPU are limited by control groups where these can be
// made. Elsewhere the user namespace limits the number of processes, but not
// for root, and the supervisor checks memory ten times a second: the mapped
// memory that belongs to no file, shared memory included. Memory files
// (memfd_create) and large System V segments are denied then. The supervisor
// does not count the files in /tmp and /dev/shm, for which only the limit of
// each file holds, nor the kernel's memory for processes, such as buffers of
// pipes and sockets; and in a tenth of a second a command can exceed the limit.
// A limit that cannot be enforced is absent from Info.
//
// Systems other than Linux have level none only: on Unix the command's process
// group is killed, on Windows its shell.
//
// The package must not know of tools, agents or the protocol.
package local
