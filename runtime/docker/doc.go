// Package docker runs commands in a hardened Docker container, one container
// per workspace: made at the first command, kept between commands, removed by
// Close. Its PID 1 ends when its stdin, which this process holds, is closed, so
// that the container ends even when the process is killed. Reap removes
// containers that a dead process left nevertheless.
//
// # Commands
//
// PID 1 is our supervisor (package supervisor). Its frames go over the
// container's attached streams, so that a command costs a fork inside
// (supervised.go). Where the supervisor cannot run, PID 1 is a shell that
// waits, and a command is an exec call of the daemon (exec.go, watch.go,
// kill.go, reports.go). That call cannot end a process, and cannot report that
// the shell has exited while a background child holds its stream. So a small
// wrapper script runs inside: its stdout is the command's output, in the order
// it was written, and its stderr is the wrapper's reports, one a line ("start",
// "exit CODE", "swept"). A command does not get that stderr, but can reach it
// through /proc, because it runs as the same user: a forged report causes a
// wrong exit code, which a command can have anyway, or a further kill. A
// command that also kills its wrapper can leave a process that lives as long as
// the container. Processes are found by a mark in their environment and by
// their session; gate.go prevents one command's kill from ending another
// command's processes.
//
// The supervisor puts itself and commands under the same filter of system calls
// as the local sandboxes (runtime/internal/seccomp). In addition to Docker's
// own filter it denies io_uring, sockets without a network namespace, debugging
// of other processes, set-user-ID and set-group-ID files, whose owner outside
// is the user or root, and removing the tag by which a command's processes are
// found. Where the kernel has Landlock, it enforces the rules of the mounts a
// second time: only devices and writable mounts can be written, and nothing in
// /proc and /dev. With the filter no directory gets set-ID bits either, so that
// git init --shared fails inside, and a debugger cannot attach. The supervisor
// also kills a command when less than 1 GB or a twentieth of the workspace's
// disk is free.
//
// An exec call has none of this: Docker's profile is the only filter, a command
// can leave a set-user-ID file of the container's user in a mounted workspace,
// and only the size of each file is limited. Info.Reason and the first
// command's output say so, and Options.NeedFilter refuses it. Copied files lose
// their set-ID bits. The filter exists for amd64 and arm64 only.
//
// # Files
//
// The workspace and the supervisor's program are mounted. The null device is
// mounted over sockets that the host serves in the workspace, FIFOs that it has
// open, and devices (package specials). When the host serves or opens one
// later, the next command gets a new container, unless other commands run: then
// the result says that they can connect to it. A daemon on another machine
// cannot mount the workspace. Then the files are copied into volumes of the
// container before each command, and its changes are copied back to a staging
// directory and from there into the workspace by the workspace's own rules
// (tree.go, treesend.go, treefetch.go, treeplace.go). Sending compares names,
// sizes, times and inodes and reads changed files only; each transfer back
// reads the whole workspace. This is slow, but makes another machine usable at
// all.
//
// plan.go chooses between these ways, and Info.Reason says why the choice was
// not the best one. container.go and state.go hold the container's states.
//
// The package is the only importer of docker/docker. It must not know tools,
// models or the protocol. Its caller chooses the image.
package docker
