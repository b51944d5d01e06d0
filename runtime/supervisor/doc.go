// Package supervisor runs commands for a server that is not where they run: in
// a namespace, in a container, or merely in another process. The child side
// (Serve, on Linux) is the same binary executed again; it forks the commands,
// sees every process that they start to its end, and dies with its standard
// input. The host side (Client) speaks to it over a pair of pipes.
//
// # Wire
//
// Both directions carry frames: the length of the rest (4 bytes, big endian), a
// kind (1 byte), the command's number (4 bytes), a payload. Payloads are JSON
// but for output, which is raw. No frame is longer than maxFrame; one that is
// not understood ends the connection, because after it nothing can be trusted.
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
// Each command may have Window bytes of output on the way. When they are used
// up the child leaves the command's pipe alone until the host gives credit, so
// memory is bounded on both sides and neither a slow consumer nor a flood holds
// up another command, or a signal.
//
// # What a command leaves behind
//
// Nothing, whichever way it ended. The child is PID 1 of a PID namespace or else
// a subreaper, so every process that loses its parent becomes the child's own.
// It is attributed to its command by a tag that is inherited over fork and exec
// and that setsid, double forks and cleared environments do not remove: the soft
// value of RLIMIT_RTTIME, far beyond any time that matters. What bears no known
// tag is ended when no command runs. In a PID namespace without another command
// a single kill of all processes does it, against which no fork can race.
//
// The package must not know of Docker, sandboxes, workspaces or agents.
package supervisor
