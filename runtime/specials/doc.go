// Package specials finds the sockets, FIFOs and devices in a workspace by which
// commands in a sandbox would reach programs on the host, so that a runtime can
// mount a harmless file over each. Connecting to a socket that has a path needs
// only the file: neither a mount nor a network namespace prevents it.
//
// # What is found
//
// Search reads at most 1,000 directories below each of the given ones, those
// nearest first and trees such as node_modules last, and follows no link.
// Devices always count. A FIFO counts if a program on this machine has it open,
// if some program waits to open any FIFO, or if it belongs to another user.
// Others do not, because commands must be able to remove FIFOs that they have
// made. /proc shows the open files of programs, but not those of other users,
// nor of a program that hides them, as ssh-agent does. A socket counts if a
// program serves it: the file of a server that has ended is never served again,
// and a later command's server must be able to remove it. To find that out, a
// datagram socket is connected to it, which no server notices. Guard.Notices
// says what was left out.
//
// In addition, Watch asks the kernel for all sockets that are served in this
// process's network namespace, at any depth in the directories.
//
// # Later
//
// Guard.Fresh asks the kernel again, before each command and after commands
// that took long or were not alone. It returns the sockets that were made
// since, so that the runtime can start its sandbox anew once no command runs
// there. The commands' own sockets are in another network namespace and not in
// the answer; where commands share the host's, Fresh must be called while none
// runs.
//
// Until then commands can connect to such a socket. Sockets that are made later
// in another network namespace, as by a container, and FIFOs and devices that
// are made later, are found at the next start only. Guard.Opened, called before
// each command, reports whether a program has opened a FIFO that existed and
// did not count. It checks only once in a while.
//
// On systems other than Linux nothing is found: containers there run in a
// virtual machine, which shares files with the host but no sockets.
//
// The package must not know of mounts, containers or namespaces.
package specials
