package search

import "container/heap"

// top keeps the first of many items in an order. It is for one goroutine.
type top[T any] struct {
	most    int
	order   func(a, b T) int
	items   []T // a heap with the last item on top
	dropped int // items that did not fit
}

func (t *top[T]) Len() int           { return len(t.items) }
func (t *top[T]) Less(i, j int) bool { return t.order(t.items[i], t.items[j]) > 0 }
func (t *top[T]) Swap(i, j int)      { t.items[i], t.items[j] = t.items[j], t.items[i] }
func (t *top[T]) Push(x any)         { t.items = append(t.items, x.(T)) }
func (t *top[T]) Pop() any {
	last := t.items[len(t.items)-1]
	t.items = t.items[:len(t.items)-1]
	return last
}

func (t *top[T]) add(item T) {
	if len(t.items) < t.most {
		heap.Push(t, item)
		return
	}
	t.dropped++
	if t.order(item, t.items[0]) < 0 {
		t.items[0] = item
		heap.Fix(t, 0)
	}
}

// tops has one top for each worker.
type tops[T any] []top[T]

func newTops[T any](most int, order func(a, b T) int) tops[T] {
	all := make(tops[T], workers())
	for i := range all {
		all[i] = top[T]{most: most, order: order}
	}
	return all
}

// merge empties them. It returns the first items in their order, and how many there are
// beside them.
func (ts tops[T]) merge() (first []T, more int) {
	all := &ts[0]
	for i := range ts[1:] {
		other := &ts[1+i]
		all.dropped += other.dropped
		for _, item := range other.items {
			all.add(item)
		}
	}
	first = make([]T, len(all.items))
	for i := len(first) - 1; i >= 0; i-- {
		first[i] = heap.Pop(all).(T)
	}
	return first, all.dropped
}
