package seccomp

import (
	"crypto/rand"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// GuardTags puts this process under a filter that allows setting RLIMIT_RTTIME,
// the tag of commands, only with the key that it returns. Only the supervisor
// knows the key, though it is under the same filters as commands. The key is
// passed as a fifth argument of prlimit64, which has four.
func GuardTags() (key uint64, err error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	key = binary.LittleEndian.Uint64(random[:])
	return key, filterTags(key).Install()
}

func filterTags(key uint64) Filter {
	f := New()
	resource := Test{Arg: 1, Is: unix.RLIMIT_RTTIME}
	f.Deny(unix.SYS_SETRLIMIT, unix.EPERM, Test{Arg: 0, Is: unix.RLIMIT_RTTIME})
	for _, set := range []Test{{Arg: 2, Not: true}, {Arg: 2, High: true, Not: true}} {
		f.Deny(unix.SYS_PRLIMIT64, unix.EPERM, resource, set, Test{Arg: 4, Is: uint32(key), Not: true})
		f.Deny(unix.SYS_PRLIMIT64, unix.EPERM, resource, set, Test{Arg: 4, High: true, Is: uint32(key >> 32), Not: true})
	}
	return f
}
