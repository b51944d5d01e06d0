// Package docker runs commands in a hardened Docker container, one container
// per workspace: made at the first command, kept between commands, removed by
// Close. Its PID 1 lives on a stdin that this process holds, so that the
// container goes even when the process is killed; Reap removes what a dead
// process left all the same.
//
// # Commands
//
// PID 1 is a supervisor (package supervisor): a program of ours, whose frames go
// over the container's attached streams, so that a command costs a fork inside
// (supervised.go). Where that program cannot run, PID 1 is a shell that waits,
// and a command is an exec call of the daemon (exec.go, watch.go, kill.go,
// reports.go). The call can neither end a process nor tell that the shell has
// exited while a background child holds its stream, so a small wrapper script
// runs inside: the command's output, in the order it was written, is all of
// stdout, and stderr is the wrapper's own line of reports ("start", "exit CODE",
// "swept"). A command is not given that stderr, but can reach it through /proc,
// being the same user: a forged report makes a wrong exit code, which a command
// can have anyway, or a further kill. One that also kills its wrapper can leave a
// process to the container's life. Processes are found by a mark in their
// environment and by their session; gate.go keeps commands out of each other's
// kills.
//
// The supervisor keeps commands, by a filter of system calls, from making files
// that run as their owner, who outside is the user or root, and from giving up
// the tag by which their processes are found. An exec call has no such filter:
// there a command can leave a set-user-ID file of the container's user in a
// mounted workspace (Info.Reason says so), and no bit of that kind comes back
// where files are copied. With the filter no directory gets the bits either, so
// git init --shared fails inside. It also kills a command that leaves less than
// 1 GB or a twentieth of the disk that the workspace is on; with exec calls only
// the size of each file is limited.
//
// # Files
//
// The workspace and the program are mounted. Where the daemon cannot mount them,
// because it runs on another machine, they are copied into volumes of the
// container; each command begins with the files as they are here, and what it
// changed comes back by way of a directory aside and the workspace's own rules
// (tree.go, treesend.go, treefetch.go, treeplace.go). Sending looks at names, sizes,
// times and inodes and reads what has changed; each transfer back reads the whole
// workspace: this is for reaching a machine at all, not for speed.
//
// plan.go chooses between these ways and Info.Reason says why the choice was not
// the best one. container.go and state.go know the container's life.
//
// The package is the only importer of docker/docker. It must not know tools,
// models or the protocol, nor choose an image: its caller does.
package docker
