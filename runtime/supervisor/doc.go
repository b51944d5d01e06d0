// Package supervisor runs commands outside the server's process: in a
// namespace, in a container, or just in another process. The child side (Serve,
// on Linux) is the same binary executed again; it forks the commands, makes
// sure that every process that they start ends, and exits at the end of its
// standard input. The host side (Client) talks to it over a pair of pipes.
//
// # Wire
//
// Both directions carry frames: the length of the rest (4 bytes, big endian), a
// kind (1 byte), the command's number (4 bytes), a payload. Payloads are JSON,
// except output, which is raw. No frame is longer than maxFrame. A malformed
// frame ends the connection, because nothing after it can be trusted.
//
//	host → child   config   what the child must know before it is ready (optional)
//	               start    argv, environment, directory, time limit
//	               signal   a signal's number; SIGKILL ends the command's whole tree
//	               credit   bytes of output that the host has consumed
//	child → host   ready    once, when commands can be started
//	               failed   in place of ready: the step that failed, and why
//	               output   stdout and stderr in the order of arrival
//	               exit     after the last output: how the command ended
//
// Each command may have Window bytes of output in transit. When they are used
// up the child does not read the command's pipe until the host gives credit. So
// memory is bounded on both sides, and neither a slow consumer nor a flood of
// output delays another command or a signal.
//
// # Processes that a command leaves behind
//
// No process is left, no matter how the command ended. The child is PID 1 of a
// PID namespace or else a subreaper, so every process that loses its parent
// becomes a child of it. A tag attributes the process to its command: the soft
// value of RLIMIT_RTTIME, far beyond any time that matters. The tag is
// inherited over fork and exec, and setsid, double forks and cleared
// environments do not remove it. A process without a known tag is ended when no
// command runs. In a PID namespace without another command a single kill of all
// processes ends them, and no fork can race with it.
//
// The package must not know of Docker, sandboxes, workspaces or agents.
package supervisor
