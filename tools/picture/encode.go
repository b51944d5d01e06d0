package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// Qualities of JPEG, tried in this order.
var qualities = []int{85, 60, 30}

// encode sets what goes to the model: m in the size that it may have, as a PNG, or
// as a JPEG where it was one or where a PNG would be too large.
func (p *Picture) encode(ctx context.Context, m image.Image) error {
	p.Shown = within(m.Bounds().Size(), maxSide)
	small := image.NewRGBA(image.Rectangle{Max: p.Shown})
	if p.Shown == m.Bounds().Size() {
		draw.Copy(small, image.Point{}, m, m.Bounds(), draw.Src, nil)
	} else {
		draw.CatmullRom.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
	}
	var b bytes.Buffer
	if p.Type != "image/jpeg" {
		if err := png.Encode(&b, small); err != nil {
			return err
		}
		if b.Len() <= maxBytes {
			p.MIMEType, p.Data = "image/png", b.Bytes()
			return nil
		}
	}
	white := image.NewRGBA(small.Bounds()) // a JPEG has no transparency
	draw.Draw(white, white.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(white, white.Bounds(), small, image.Point{}, draw.Over)
	for _, quality := range qualities {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b.Reset()
		if err := jpeg.Encode(&b, white, &jpeg.Options{Quality: quality}); err != nil {
			return err
		}
		if b.Len() <= maxBytes {
			p.MIMEType, p.Data = "image/jpeg", b.Bytes()
			return nil
		}
	}
	return errors.New("the image is too large; scale it down first")
}

// within returns the size of an image whose longer side is at most most.
func within(size image.Point, most int) image.Point {
	long := max(size.X, size.Y)
	if long <= most {
		return size
	}
	return image.Pt(max(1, size.X*most/long), max(1, size.Y*most/long))
}
