// Package confine uses Landlock to enforce the rules of a sandbox's mounts a
// second time, for this process and all that it will start: a fault in the
// mounts, or in the code that made them, then gives no access.
//
// The package must not know of sandboxes, containers or workspaces.
package confine
