package specials

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// served is a socket with a path that a process holds, as the kernel lists it:
// sock_diag(7).
type served struct {
	cookie   uint64 // never reused
	name     []byte // as its server gave it
	ino, dev uint32 // of the file
}

// From <linux/sock_diag.h>, <linux/unix_diag.h> and the states of sockets.
const (
	byFamily     = 20
	showName     = 1
	showFile     = 2
	attrName     = 0
	attrFile     = 1
	stateClose   = 7 // bound, and of datagrams
	stateListen  = 10
	requestSize  = 24
	messageSize  = 16
	maxAnswers   = 10_000 // messages of the kernel, each with many sockets
	answerBuffer = 32 << 10
)

// list asks the kernel for all sockets of this network namespace that can be
// connected by a path, and reports each. A reported value is valid during the
// call only; buf is for the answers.
func list(buf []byte, report func(served)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return fmt.Errorf("open a socket to the kernel: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return err
	}
	if err := unix.Sendto(fd, request(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("ask for sockets: %w", err)
	}
	for range maxAnswers {
		n, err := unix.Read(fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the list of sockets: %w", err)
		}
		if done, err := answer(buf[:n], report); done || err != nil {
			return err
		}
	}
	return errors.New("the list of sockets does not end")
}

// answer parses the messages of one answer: each a struct nlmsghdr and its
// payload.
func answer(b []byte, report func(served)) (done bool, err error) {
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return false, errors.New("the kernel's list of sockets is cut")
		}
		data := b[unix.NLMSG_HDRLEN:size]
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			return true, fmt.Errorf("list sockets: %w", errno(data))
		case byFamily:
			if s, ok := parse(data); ok {
				report(s)
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return false, nil
}

// request returns a header and a struct unix_diag_req.
func request() []byte {
	b := make([]byte, 0, unix.NLMSG_HDRLEN+requestSize)
	b = binary.NativeEndian.AppendUint32(b, unix.NLMSG_HDRLEN+requestSize)
	b = binary.NativeEndian.AppendUint16(b, byFamily)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = append(b, make([]byte, 8)...) // sequence, port
	b = append(b, unix.AF_UNIX, 0, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 1<<stateClose|1<<stateListen)
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = binary.NativeEndian.AppendUint32(b, showName|showFile)
	return append(b, make([]byte, 8)...) // cookie
}

// parse reads a struct unix_diag_msg and its attributes; false for a socket
// without a path.
func parse(b []byte) (s served, ok bool) {
	if len(b) < messageSize {
		return s, false
	}
	s.cookie = binary.NativeEndian.Uint64(b[8:])
	for b = b[messageSize:]; len(b) >= 4; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			break
		}
		value := b[4:size]
		switch binary.NativeEndian.Uint16(b[2:]) {
		case attrName:
			s.name, _, _ = bytes.Cut(value, []byte{0})
		case attrFile:
			if len(value) >= 8 {
				s.ino, s.dev, ok = binary.NativeEndian.Uint32(value), binary.NativeEndian.Uint32(value[4:]), true
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return s, ok
}

func errno(b []byte) error {
	if len(b) < 4 {
		return unix.EIO
	}
	return syscall.Errno(-int32(binary.NativeEndian.Uint32(b)))
}
