package event

// ErrorDetail is the shape of every error on the wire.
type ErrorDetail struct {
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Data    *ErrorData `json:"data,omitempty"`
}

// ErrorData gives a program the kind of the error and a remedy.
type ErrorData struct {
	Kind              string  `json:"kind"`
	Retryable         bool    `json:"retryable"`
	Hint              string  `json:"hint,omitempty"`
	HTTPStatus        int     `json:"httpStatus,omitempty"`
	RetryAfterSeconds float64 `json:"retryAfterSeconds,omitempty"`
}
