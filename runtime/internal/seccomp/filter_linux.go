package seccomp

import (
	"fmt"
	goruntime "runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data, seccomp(2).
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

const (
	seccompAllow = 0x7fff0000
	seccompErrno = 0x00050000
)

// Filter is a program that decides on system calls.
type Filter []unix.SockFilter

// A Test holds if the low or high 32 bits of a call's argument Arg (0 to 5),
// masked by Mask, equal Is; with Not, if they do not.
type Test struct {
	Arg  uint32
	High bool
	Mask uint32 // 0 means all bits
	Is   uint32
	Not  bool
}

// Deny makes a call fail with errno when all tests hold.
func (f *Filter) Deny(call uint32, errno unix.Errno, tests ...Test) {
	// Backwards, because a test that does not hold jumps to the end.
	body := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: seccompErrno | uint32(errno)}}
	for i := len(tests) - 1; i >= 0; i-- {
		body = append(tests[i].compile(uint8(len(body))), body...)
	}
	*f = append(*f,
		unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataNumber},
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: uint8(len(body))})
	*f = append(*f, body...)
}

// compile returns instructions that continue when the test holds and otherwise
// skip rest instructions.
func (t Test) compile(rest uint8) []unix.SockFilter {
	offset := dataArgs + 8*t.Arg
	if t.High { // both architectures are little-endian
		offset += 4
	}
	jump := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: t.Is, Jf: rest}
	if t.Not {
		jump.Jt, jump.Jf = rest, 0
	}
	code := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}}
	if t.Mask != 0 {
		code = append(code, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: t.Mask})
	}
	return append(code, jump)
}

// New returns a filter that denies calls of other architectures.
func New() Filter {
	return append(Filter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataArch},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: auditArch, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: seccompErrno | uint32(unix.EPERM)}, // 32-bit calls
	}, archFilter...)
}

// Install puts all threads of this process under the filter, for good.
func (f Filter) Install() error { return f.install(unix.SECCOMP_FILTER_FLAG_TSYNC) }

// InstallHere puts this thread, and all that it will start, under the filter.
func (f Filter) InstallHere() error { return f.install(0) }

func (f Filter) install(flags uintptr) error {
	if !known {
		return fmt.Errorf("there is no filter of system calls for %s", goruntime.GOARCH)
	}
	f = append(f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: seccompAllow})
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	if thread != 0 {
		return fmt.Errorf("thread %d did not take the filter", thread)
	}
	return nil
}
