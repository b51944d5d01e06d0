package snapshot

// Compose returns the combined changes of consecutive records, the oldest
// first.
func (t *Tracker) Compose(records []Record) []Change {
	whole := make(map[string]pair)
	for _, r := range records {
		for _, c := range r.Changes {
			for _, p := range c.pairs() {
				if old, known := whole[p.path]; known {
					p.before = old.before
				}
				whole[p.path] = p
			}
		}
	}
	pairs := make([]pair, 0, len(whole))
	for _, p := range whole {
		if !p.before.Same(p.after) {
			pairs = append(pairs, p)
		}
	}
	changes := join(pairs)
	for i := range changes {
		t.count(&changes[i])
	}
	return changes
}
