// Package seccomp builds filters of system calls and puts this process, and so
// every command that it starts, under them. That needs no_new_privs, but no
// privilege. Filters that more than one runtime uses are here as a whole.
//
// A filter sees the numeric arguments of a call, but not what they point to: no
// path, no structure. Filters exist for amd64 and arm64 only; elsewhere
// installing one is an error.
//
// The package must not know of sandboxes, containers or workspaces.
package seccomp
