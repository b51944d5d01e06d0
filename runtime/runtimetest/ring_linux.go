package runtimetest

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is a pair of queues of io_uring(7), through which a program requests
// operations without making their system calls.
const (
	ringEntries  = 1
	ringSubmit   = 0          // offset in memory of the submission queue
	ringRequests = 0x10000000 // offset in memory of the requests
	ringOpen     = 18         // IORING_OP_OPENAT
	ringWait     = 1          // IORING_ENTER_GETEVENTS
	ringRequest  = 64         // bytes of a request
)

// ringParams is struct io_uring_params.
type ringParams struct {
	entries [2]uint32 // submissions, completions
	_       [8]uint32 // flags and the like
	submit  struct {
		head, tail, mask, entries, flags, dropped, array uint32
		_                                                uint32
		_                                                uint64
	}
	_ [40]byte // offsets of the completions
}

// ringOp is struct io_uring_sqe with the fields that an open uses.
type ringOp struct {
	op    uint8
	_     [3]byte
	dir   int32
	_     uint64
	path  uintptr
	mode  uint32
	flags uint32
	_     uint64
	_     [16]byte
	_     uint64
}

// setIDByRing makes the file through a ring, which no filter of system calls sees.
var setIDByRing = setID(func(name string) error {
	var params ringParams
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, ringEntries, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return errno
	}
	defer func() { _ = unix.Close(int(fd)) }()
	submit, err := unix.Mmap(int(fd), ringSubmit, int(params.submit.array)+4*ringEntries, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	requests, err := unix.Mmap(int(fd), ringRequests, ringRequest*ringEntries, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	path, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	*(*ringOp)(unsafe.Pointer(&requests[0])) = ringOp{
		op: ringOpen, dir: unix.AT_FDCWD, path: uintptr(unsafe.Pointer(path)), mode: 0o4755, flags: unix.O_CREAT | unix.O_RDWR,
	}
	*(*uint32)(unsafe.Pointer(&submit[params.submit.array])) = 0
	*(*uint32)(unsafe.Pointer(&submit[params.submit.tail]))++
	n, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, fd, 1, 1, ringWait, 0, 0)
	switch {
	case errno != 0:
		return errno
	case n != 1:
		return errors.New("the request was not taken")
	}
	return nil
})
