package gitrepo

import "encoding/binary"

// applyDeltas applies deltas, the last one first.
func applyDeltas(data []byte, deltas [][]byte, limit int64) ([]byte, error) {
	for i := len(deltas) - 1; i >= 0; i-- {
		var err error
		if data, err = applyDelta(data, deltas[i], limit); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func applyDelta(base, delta []byte, limit int64) ([]byte, error) {
	from, n := binary.Uvarint(delta)
	if n <= 0 || from != uint64(len(base)) {
		return nil, errPack
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || size > uint64(limit) {
		return nil, errPack
	}
	delta = delta[n:]
	out := make([]byte, 0, size)
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		if op&0x80 != 0 {
			var at, length int
			at, delta = deltaNumber(delta, op, 0, 4)
			length, delta = deltaNumber(delta, op, 4, 3)
			if length == 0 {
				length = 0x10000
			}
			if delta == nil || at+length > len(base) {
				return nil, errPack
			}
			piece = base[at : at+length]
		} else {
			if op == 0 || int(op) > len(delta) {
				return nil, errPack
			}
			piece, delta = delta[:op], delta[op:]
		}
		if uint64(len(out)+len(piece)) > size {
			return nil, errPack
		}
		out = append(out, piece...)
	}
	if uint64(len(out)) != size {
		return nil, errPack
	}
	return out, nil
}

// deltaNumber reads a number of up to count bytes, the lowest first. The bits of op
// from first on tell which bytes are present. rest is nil when delta is too short.
func deltaNumber(delta []byte, op byte, first, count int) (value int, rest []byte) {
	if delta == nil {
		return 0, nil
	}
	for i := range count {
		if op>>(first+i)&1 == 0 {
			continue
		}
		if len(delta) == 0 {
			return 0, nil
		}
		value |= int(delta[0]) << (8 * i)
		delta = delta[1:]
	}
	return value, delta
}
