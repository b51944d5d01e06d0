package event

import "cmp"

// Limits bound a turn, or each turn of a task. A zero field is no bound.
type Limits struct {
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty" jsonschema:"of the turn; for a task it bounds the same as taskTimeoutSeconds, and the smaller one counts"`
	Tokens         int64   `json:"tokens,omitempty" jsonschema:"input and output of all model calls of the turn"`
	CostUSD        float64 `json:"costUsd,omitempty" jsonschema:"enforced where the provider reports what a call costs"`
}

// Within returns the tighter bound of l and other in each field.
func (l Limits) Within(other Limits) Limits {
	return Limits{
		TimeoutSeconds: Tighter(l.TimeoutSeconds, other.TimeoutSeconds),
		Tokens:         Tighter(l.Tokens, other.Tokens),
		CostUSD:        Tighter(l.CostUSD, other.CostUSD),
	}
}

// Tighter returns the smaller of two bounds; 0 is no bound.
func Tighter[T cmp.Ordered](a, b T) T {
	var none T
	if a == none || b == none {
		return max(a, b)
	}
	return min(a, b)
}
