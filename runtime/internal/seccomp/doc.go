// Package seccomp builds filters of system calls and puts this process under
// them, and so every command that it starts: it needs no_new_privs, and no
// privilege. The filters that more than one runtime has are here whole.
//
// A filter sees the numbers that a call is given, and nothing that they point to:
// no path, no structure. One for a machine of another kind than amd64 and arm64
// does not exist; to install any is an error there.
//
// The package must not know of sandboxes, containers or workspaces.
package seccomp
