// Package picture makes images fit for a model: it looks at the content, not at
// the name, and bounds size and work before anything is decoded.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/image/webp"
)

// Bounds of what is read.
const (
	// MaxFileBytes bounds a file that is looked at.
	MaxFileBytes = 32 << 20
	// maxPixels bounds what is decoded: 8 bytes a pixel at the worst.
	maxPixels = 50_000_000
	// maxTime bounds the decoding of one image: a small file can ask for much work.
	maxTime = 10 * time.Second
)

// Bounds of what goes to a model.
const (
	maxSide  = 2000 // pixels
	maxBytes = 5 << 20
)

// Picture is an image for a model.
type Picture struct {
	Type string      // MIME type of the file's content
	Size image.Point // of the file, in pixels

	MIMEType string // of Data
	Data     []byte
	Shown    image.Point // size of Data, in pixels
}

// format is a kind of image.
type format struct {
	magic  string // a ? is any byte
	mime   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"\x89PNG\r\n\x1a\n", "image/png", png.DecodeConfig, png.Decode},
	{"\xff\xd8\xff", "image/jpeg", jpeg.DecodeConfig, jpeg.Decode},
	{"RIFF????WEBP", "image/webp", webp.DecodeConfig, webp.Decode},
	{"GIF8", "image/gif", gif.DecodeConfig, gif.Decode}, // Decode reads the first picture alone
}

// decoding holds a token while an image is decoded: one at a time, because each
// can take hundreds of megabytes.
var decoding = make(chan struct{}, 1)

// Fit returns an image for a model: at most 2,000 pixels wide and high, and 5 MB.
// An image that fits already stays as it is, but for the first picture of a GIF,
// which becomes a PNG. The error says what is wrong with the file.
func Fit(ctx context.Context, data []byte) (Picture, error) {
	f, err := formatOf(data)
	if err != nil {
		return Picture{}, err
	}
	c, err := f.config(bytes.NewReader(data))
	if err != nil {
		return Picture{}, fmt.Errorf("it is no readable %s: %w", f.mime, err)
	}
	p := Picture{Type: f.mime, Size: image.Pt(c.Width, c.Height)}
	switch {
	case c.Width <= 0 || c.Height <= 0:
		return Picture{}, errors.New("the image is empty")
	case int64(c.Width)*int64(c.Height) > maxPixels:
		return Picture{}, fmt.Errorf("the image has %d x %d pixels: at most %d million can be looked at; scale it down first", c.Width, c.Height, maxPixels/1_000_000)
	}
	select {
	case decoding <- struct{}{}:
		defer func() { <-decoding }()
	case <-ctx.Done():
		return Picture{}, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("it takes longer than %v to decode", maxTime))
	defer cancel()
	m, err := f.decode(bounded{ctx, bytes.NewReader(data)})
	switch {
	case ctx.Err() != nil:
		return Picture{}, context.Cause(ctx)
	case err != nil:
		return Picture{}, fmt.Errorf("it is no readable %s: %w", f.mime, err)
	case m.Bounds().Empty() || m.Bounds().Dx() > c.Width || m.Bounds().Dy() > c.Height:
		return Picture{}, fmt.Errorf("it is no readable %s: its sizes contradict each other", f.mime)
	}
	if f.mime != "image/gif" && len(data) <= maxBytes && max(c.Width, c.Height) <= maxSide {
		p.MIMEType, p.Data, p.Shown = f.mime, data, p.Size
		return p, nil
	}
	return p, p.encode(ctx, m)
}

// formatOf finds out by the content what a file is.
func formatOf(data []byte) (format, error) {
	for _, f := range formats {
		if hasMagic(data, f.magic) {
			return f, nil
		}
	}
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if len(data) == 0 {
		kind = "empty"
	}
	return format{}, fmt.Errorf("it is no png, jpeg, webp or gif image; its content is %s", kind)
}

func hasMagic(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range magic {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// bounded is a reader that fails when ctx has ended, and with it a decoder that
// reads little for much work.
type bounded struct {
	ctx context.Context
	r   io.Reader
}

func (b bounded) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.r.Read(p[:min(len(p), 512)])
}
