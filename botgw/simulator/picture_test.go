package simulator_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
)

// colours is a picture, another one for each number.
func colours(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			img.Set(x, y, color.RGBA{uint8(x * (n + 1) / 4), uint8(y), uint8(90 * n), 255})
		}
	}
	var out bytes.Buffer
	_ = jpeg.Encode(&out, img, nil) // into memory
	return out.Bytes()
}
