package rpc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/runtime"
	"go.uber.org/zap"
)

// lab is the service of the test table.
type lab struct {
	peer *Peer
}

type echoParams struct {
	Text   string         `json:"text"`
	Times  int            `json:"times,omitempty"`
	Nested *nested        `json:"nested,omitempty"`
	List   []string       `json:"list,omitempty"`
	Any    any            `json:"any,omitempty"`
	At     *time.Time     `json:"at,omitempty"`
	Pairs  map[string]int `json:"pairs,omitempty"`
}

type nested struct {
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty"`
	Path           string  `json:"path"`
}

type echoResult struct {
	Text string `json:"text"`
}

func (l *lab) Echo(_ context.Context, p echoParams) (echoResult, error) {
	return echoResult{p.Text}, nil
}

// Hang runs until it is cancelled and answers with an error, as most methods do.
func (l *lab) Hang(ctx context.Context, _ None) (echoResult, error) {
	<-ctx.Done()
	return echoResult{}, fmt.Errorf("hang: %w", context.Cause(ctx))
}

// Step runs until it is cancelled and answers with a result, as agent/step does.
func (l *lab) Step(ctx context.Context, _ None) (session.StepResult, error) {
	<-ctx.Done()
	return session.StepResult{Status: event.StatusCancelled, Changes: []runtime.Change{}}, nil
}

func (l *lab) Panic(context.Context, None) (None, error) { panic("a test") }

func (l *lab) Fail(context.Context, None) (None, error) {
	return None{}, &agent.ProviderError{HTTPStatus: 429, RetryAfter: 2 * time.Second, Retryable: true, Message: "slow down"}
}

// Count sends a number of events before its answer.
func (l *lab) Count(ctx context.Context, p echoParams) (echoResult, error) {
	for i := range p.Times {
		if ctx.Err() != nil {
			return echoResult{}, context.Cause(ctx)
		}
		l.peer.Event(ctx, event.Event{Kind: event.Kind(p.Text), Seq: int64(i + 1)})
	}
	return echoResult{"counted"}, nil
}

// Approve asks the client.
func (l *lab) Approve(ctx context.Context, _ None) (event.Decision, error) {
	return l.peer.RequestApproval(ctx, event.Approval{RequestKey: "k", Kind: "command", Title: "run", Options: []event.Choice{"allow", "deny"}})
}

// Ask asks the user.
func (l *lab) Ask(ctx context.Context, _ None) (map[string]any, error) {
	a, ok, err := l.peer.AskUser(ctx, event.Question{RequestKey: "k", Question: "why?"})
	return map[string]any{"answer": a.Answer, "ok": ok}, err
}

func labTable() []entry {
	table := methods()[:6] // the lifecycle
	return append(table,
		call("test/echo", schedule{}, "", (*lab).Echo),
		call("test/hang", schedule{}, "", (*lab).Hang),
		call("test/step", schedule{}, "", (*lab).Step),
		call("test/panic", schedule{}, "", (*lab).Panic),
		call("test/fail", schedule{}, "", (*lab).Fail),
		call("test/count", schedule{}, "", (*lab).Count),
		call("test/approve", schedule{}, "", (*lab).Approve),
		call("test/ask", schedule{}, "", (*lab).Ask),
		notification[event.Event](MethodEvent, ""),
	)
}

func newLab(opts Options) *Server {
	if opts.table == nil {
		opts.table = labTable()
	}
	opts.Version = "test"
	s := NewServer(opts)
	s.Provide(&lab{s.Peer()})
	return s
}

// served is a server that a test talks to.
type served struct {
	in     io.WriteCloser
	out    *bufio.Reader
	close  func()
	result chan outcome
}

type outcome struct {
	code int
	err  error
}

// serve runs s on pipes. The test waits for its end with end.
func serve(t testing.TB, ctx context.Context, s *Server) *served {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	v := &served{in: inW, out: bufio.NewReader(outR), result: make(chan outcome, 1)}
	go func() {
		code, err := s.Serve(ctx, inR, outW)
		_ = inR.Close()
		_ = outW.Close()
		v.result <- outcome{code, err}
	}()
	v.close = func() { _ = inW.Close(); _ = outR.Close() }
	t.Cleanup(v.close)
	return v
}

// send writes a message with a header. A closed input is not an error.
func (v *served) send(t testing.TB, text string) {
	t.Helper()
	v.write(t, frame(text))
}

// write writes raw input. A closed input is not an error.
func (v *served) write(t testing.TB, text string) {
	t.Helper()
	if _, err := io.WriteString(v.in, text); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
}

func (v *served) end(t testing.TB) outcome {
	t.Helper()
	select {
	case o := <-v.result:
		return o
	case <-time.After(20 * time.Second):
		t.Fatalf("Serve did not return\n%s", stacks())
		return outcome{}
	}
}

// reply reads the next message.
func (v *served) reply(t testing.TB) string {
	t.Helper()
	text, err := readFrame(v.out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func frame(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }

// readFrame reads a frame, whose header must be byte-exact.
func readFrame(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	var n int
	if _, err := fmt.Sscanf(line, "Content-Length: %d\r\n", &n); err != nil {
		return "", fmt.Errorf("header %q: %w", line, err)
	}
	if line != fmt.Sprintf("Content-Length: %d\r\n", n) {
		return "", fmt.Errorf("header %q", line)
	}
	if line, err = r.ReadString('\n'); err != nil || line != "\r\n" {
		return "", fmt.Errorf("header's end %q: %w", line, err)
	}
	body := make([]byte, n)
	_, err = io.ReadFull(r, body)
	return string(body), err
}

const initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"capabilities":{"experimental":{"pygent":{"approvals":true,"askUser":true}}}}}`

// open runs serve and initializes the connection.
func open(t testing.TB, s *Server) *served {
	t.Helper()
	v := serve(t, context.Background(), s)
	v.send(t, initialize)
	if got := v.reply(t); !strings.Contains(got, `"protocolVersion":1`) {
		t.Fatalf("initialize: %s", got)
	}
	return v
}

// quit ends the connection with shutdown and exit.
func (v *served) quit(t testing.TB) {
	t.Helper()
	v.send(t, `{"jsonrpc":"2.0","id":"down","method":"shutdown"}`)
	if got, want := v.reply(t), `{"jsonrpc":"2.0","id":"down","result":null}`; got != want {
		t.Errorf("shutdown: %s", got)
	}
	v.send(t, `{"jsonrpc":"2.0","method":"exit"}`)
	if o := v.end(t); o.code != ExitOK || o.err != nil {
		t.Errorf("Serve = %d, %v", o.code, o.err)
	}
}

// connect connects a Client to a server over a socket pair in memory.
func connect(t testing.TB, s *Server, h Handlers) (*Client, chan outcome) {
	t.Helper()
	ours, theirs := net.Pipe()
	result := make(chan outcome, 1)
	go func() {
		code, err := s.Serve(context.Background(), theirs, theirs)
		_ = theirs.Close()
		result <- outcome{code, err}
	}()
	c := NewClient(ours, h)
	t.Cleanup(func() {
		_ = c.Close()
		<-result
	})
	return c, result
}

// response is a decoded answer.
type response struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  *event.ErrorDetail
}

func decode(t testing.TB, text string) response {
	t.Helper()
	var r response
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// settle waits until the number of goroutines is back at the baseline.
func settle(t testing.TB, baseline int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); goruntime.NumGoroutine() > baseline; {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before\n%s", goruntime.NumGoroutine(), baseline, stacks())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:goruntime.Stack(b, true)])
}

// buffer is an output that is safe to read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// peerTo makes a peer that sends to w, with a client that sends nothing.
func peerTo(t testing.TB, w io.Writer) (*Peer, *wire.Conn) {
	conn := wire.New(t.Context(), wire.Options{In: strings.NewReader(""), Out: w})
	conn.Start()
	p := &Peer{log: zap.NewNop()}
	p.attach(conn)
	return p, conn
}
