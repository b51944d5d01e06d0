// Package filelock locks open files against other processes. A lock ends with the
// process that holds it, however that ends.
package filelock
