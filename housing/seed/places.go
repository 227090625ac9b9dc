package seed

// places are the demo company's yards: real neighbourhoods of Tashkent, houses
// that look like theirs. 8 houses of 36 flats and 4 of 28 make 400.
var places = []struct {
	yard   string
	houses []house
}{
	{"Чиланзар, 9-й квартал", []house{
		{"Чиланзар, 9-й квартал, дом 14", 41.27561, 69.20412, 3, 12},
		{"Чиланзар, 9-й квартал, дом 15", 41.27618, 69.20497, 3, 12},
		{"Чиланзар, 9-й квартал, дом 17А", 41.27502, 69.20571, 2, 14},
		{"Чиланзар, 9-й квартал, дом 21", 41.27447, 69.20388, 3, 12},
	}},
	{"Юнусабад, 4-й массив", []house{
		{"Yunusobod, 4-mavze, 12-uy", 41.36489, 69.28714, 3, 12},
		{"Yunusobod, 4-mavze, 13-uy", 41.36542, 69.28803, 3, 12},
		{"Yunusobod, 4-mavze, 16-uy", 41.36431, 69.28861, 2, 14},
		{"Yunusobod, 4-mavze, 19-uy", 41.36377, 69.28672, 3, 12},
	}},
	{"Буюк Ипак Йули", []house{
		{"ул. Буюк Ипак Йули, дом 81", 41.32618, 69.32874, 3, 12},
		{"ул. Буюк Ипак Йули, дом 83", 41.32671, 69.32961, 3, 12},
		{"ул. Буюк Ипак Йули, дом 85/2", 41.32559, 69.33018, 2, 14},
		{"проезд Карасу, дом 6", 41.32493, 69.33127, 2, 14},
	}},
}

// house is a building and how it is divided.
type house struct {
	address   string
	lat, lon  float64 // degrees, WGS 84
	entrances int
	flats     int // per entrance
}

// perFloor is how many flats of an entrance lie on one floor.
const perFloor = 4
