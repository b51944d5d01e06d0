// Package docker runs commands in a hardened Docker container, one container
// per workspace: made at the first command, kept between commands, removed by
// Close. Its PID 1 lives on a stdin that this process holds, so that the
// container goes even when the process is killed; Reap removes what a dead
// process left all the same.
//
// A command runs through the daemon's exec call. The call can neither end a
// process nor tell that the shell has exited while a background child holds
// its stream, so a small wrapper script runs inside: the command's output, in
// the order it was written, is all of stdout, and stderr is the wrapper's own
// line of reports ("start", "exit CODE", "swept"). A command is not given that
// stderr, but can reach it through /proc, being the same user: a forged report
// makes a wrong exit code, which a command can have anyway, or a further kill. One
// that also kills its wrapper can leave a process to the container's life.
// Processes are found by a mark in their environment and by their session.
//
// Container lifecycle (container.go, gate.go) and running a command (exec.go,
// reports.go, kill.go) know little of each other, so that another way to run
// commands in the same container can stand beside this one.
//
// The package is the only importer of docker/docker. It must not know tools,
// models or the protocol, nor choose an image: its caller does.
package docker
