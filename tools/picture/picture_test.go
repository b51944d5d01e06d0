package picture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

// dot is a WebP image of one pixel.
const dot = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="

func encoded(t *testing.T, encode func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, m image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

// noise is an image that cannot be compressed.
func noise(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	return m
}

func TestFit(t *testing.T) {
	small := pngOf(t, noise(30, 20))
	photo := encoded(t, func(b *bytes.Buffer) error {
		return jpeg.Encode(b, image.NewYCbCr(image.Rect(0, 0, 3000, 1500), image.YCbCrSubsampleRatio420), nil)
	})
	webp, err := base64.StdEncoding.DecodeString(dot)
	if err != nil {
		t.Fatal(err)
	}
	frame := image.NewPaletted(image.Rect(0, 0, 8, 4), color.Palette{color.Black, color.White})
	animation := encoded(t, func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}})
	})
	for _, tt := range []struct {
		name       string
		data       []byte
		kind, mime string
		size, show image.Point
		same       bool
	}{
		{"small png", small, "image/png", "image/png", image.Pt(30, 20), image.Pt(30, 20), true},
		{"small webp", webp, "image/webp", "image/webp", image.Pt(1, 1), image.Pt(1, 1), true},
		{"wide jpeg", photo, "image/jpeg", "image/jpeg", image.Pt(3000, 1500), image.Pt(2000, 1000), false},
		{"high png", pngOf(t, image.NewGray(image.Rect(0, 0, 10, 4000))), "image/png", "image/png", image.Pt(10, 4000), image.Pt(5, 2000), false},
		{"thin png", pngOf(t, image.NewGray(image.Rect(0, 0, 1, 8000))), "image/png", "image/png", image.Pt(1, 8000), image.Pt(1, 2000), false},
		{"more than 5 MB", pngOf(t, noise(1500, 1500)), "image/png", "image/jpeg", image.Pt(1500, 1500), image.Pt(1500, 1500), false},
		{"animation", animation, "image/gif", "image/png", image.Pt(8, 4), image.Pt(8, 4), false},
	} {
		p, err := Fit(t.Context(), tt.data)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if p.Type != tt.kind || p.MIMEType != tt.mime || p.Size != tt.size || p.Shown != tt.show || bytes.Equal(p.Data, tt.data) != tt.same || len(p.Data) > maxBytes {
			t.Errorf("%s: %s, %s, %v, %v, %d bytes", tt.name, p.Type, p.MIMEType, p.Size, p.Shown, len(p.Data))
		}
		f, err := formatOf(p.Data)
		if err != nil || f.mime != p.MIMEType {
			t.Errorf("%s: the data is %s, %v", tt.name, f.mime, err)
		}
		if c, err := f.config(bytes.NewReader(p.Data)); err != nil || image.Pt(c.Width, c.Height) != p.Shown {
			t.Errorf("%s: the data is %d x %d, %v", tt.name, c.Width, c.Height, err)
		}
	}
}

// header is the beginning of a PNG that says it has this size.
func header(w, h uint32) []byte {
	chunk := append([]byte("IHDR"), 0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0)
	binary.BigEndian.PutUint32(chunk[4:], w)
	binary.BigEndian.PutUint32(chunk[8:], h)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\r"), chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

// riff makes a WebP file of chunks: names and contents.
func riff(chunks ...string) []byte {
	body := []byte("WEBP")
	for i := 0; i < len(chunks); i += 2 {
		body = append(body, chunks[i]...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(chunks[i+1])))
		body = append(body, chunks[i+1]...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func TestRefused(t *testing.T) {
	small := pngOf(t, noise(30, 20))
	gigapixels := "\x2f\xff\xff\xff\x0f\x00\x00\x00"
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "its content is empty"},
		"text":              {[]byte("hello"), "its content is text/plain"},
		"SVG":               {[]byte(`<?xml version="1.0"?><svg/>`), "its content is text/xml"},
		"program":           {[]byte("\x7fELF\x02\x01\x01"), "its content is application/octet-stream"},
		"name alone":        {[]byte("\x89PNG\r\n\x1a\n"), "it is no readable image/png"},
		"cut":               {small[:len(small)/2], "it is no readable image/png"},
		"damaged":           {append(append([]byte{}, small[:60]...), bytes.Repeat([]byte{7}, 400)...), "it is no readable image/png"},
		"gigapixels":        {header(60_000, 60_000), "the image has 60000 x 60000 pixels: at most 50 million"},
		"more than all":     {header(0x7fffffff, 0x7fffffff), "it is no readable image/png"},
		"no pixels":         {header(0, 10), "it is no readable image/png"},
		"jpeg alone":        {[]byte("\xff\xd8\xff\xe0"), "it is no readable image/jpeg"},
		"gif alone":         {[]byte("GIF89a\x00\x00"), "it is no readable image/gif"},
		"gif of nothing":    {[]byte("GIF89a\x00\x00\x00\x00\x00\x00\x00;"), "the image is empty"},
		"webp alone":        {riff(), "it is no readable image/webp"},
		"webp of gigapixel": {riff("VP8L", gigapixels), "the image has 16384 x 16384 pixels"},
		"webp that lies":    {riff("VP8X", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "VP8L", gigapixels), "it is no readable image/webp"},
	} {
		if _, err := Fit(t.Context(), tt.data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestFitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := Fit(ctx, pngOf(t, noise(300, 200))); !errors.Is(err, stop) {
		t.Error(err)
	}
	if _, err := Fit(t.Context(), pngOf(t, noise(3, 2))); err != nil { // the token was given back
		t.Error(err)
	}
}

func FuzzFit(f *testing.F) {
	webp, _ := base64.StdEncoding.DecodeString(dot)
	for _, seed := range [][]byte{webp, header(5, 5), []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), []byte("\xff\xd8\xff\xe0")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Fit(t.Context(), data)
		if err == nil && (len(p.Data) == 0 || len(p.Data) > maxBytes || max(p.Shown.X, p.Shown.Y) > maxSide) {
			t.Errorf("%d bytes, %v", len(p.Data), p.Shown)
		}
	})
}
