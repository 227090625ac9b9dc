package buildings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

const head = "yard,address,entrance,apartment,floor,lat,lon\n"

// TestEveryBadLineIsNamed gives files and all that is wrong with them.
func TestEveryBadLineIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		want []string // Problem.String, in the order of lines
		good int
	}{
		"a clean file":                                         {head + "Y,A 1,1,1,1,41.3,69.2\nY,A 1,1,2,1,,\n", nil, 2},
		"a header and nothing else":                            {head, nil, 0},
		"a header alone, without a newline":                    {"yard,address", nil, 0},
		"a misspelt column":                                    {"yard,address,flor\nY,A,1\n", []string{"line 1, flor: is no column of an import: " + told()}, 0},
		"a column twice, in two languages":                     {"yard,address,двор\nY,A,Y\n", []string{"line 1, двор: stands twice"}, 0},
		"a header that is broken":                              {"yard,\"address\nY,A\n", []string{`line 1: a value that begins with " does not end properly: the lines up to 2 are lost in it`}, 0},
		"no yard":                                              {head + ",A 1,,,,,\n", []string{"line 2, yard: is empty"}, 0},
		"no address":                                           {head + "Y,   ,,,,,\n", []string{"line 2, address: is empty"}, 0},
		"several wrong values in a line":                       {head + ",,,1,x,95,\n", []string{"line 2, yard: is empty", "line 2, address: is empty", "line 2, floor: 'x' is not a whole number from -9 to 200", "line 2, lat: '95' is not a number of degrees from -90 to 90", "line 2, lat: needs a longitude beside it"}, 0},
		"a floor in words":                                     {head + "Y,A,1,1,первый,,\n", []string{"line 2, floor: 'первый' is not a whole number from -9 to 200"}, 0},
		"a floor of half":                                      {head + "Y,A,1,1,1.5,,\n", []string{"line 2, floor: '1.5' is not a whole number from -9 to 200"}, 0},
		"a floor too high":                                     {head + "Y,A,1,1,201,,\n", []string{"line 2, floor: '201' is not a whole number from -9 to 200"}, 0},
		"a floor beyond all numbers":                           {head + "Y,A,1,1,99999999999999999999,,\n", []string{"line 2, floor: '99999999999999999999' is not a whole number from -9 to 200"}, 0},
		"a floor without an apartment":                         {head + "Y,A,1,,2,,\n", []string{"line 2, floor: is a floor without an apartment"}, 0},
		"latitude alone":                                       {head + "Y,A,,,,41,\n", []string{"line 2, lat: needs a longitude beside it"}, 0},
		"longitude alone":                                      {head + "Y,A,,,,,69\n", []string{"line 2, lon: needs a latitude beside it"}, 0},
		"not a number":                                         {head + "Y,A,,,,NaN,Inf\n", []string{"line 2, lat: 'NaN' is not a number of degrees from -90 to 90", "line 2, lon: 'Inf' is not a number of degrees from -180 to 180"}, 0},
		"too few values":                                       {head + "Y,A,1\n", []string{"line 2: has 3 values, the header names 7 columns"}, 0},
		"too many values":                                      {head + "Y,A,1,1,1,41,69,8\n", []string{"line 2: has 8 values, the header names 7 columns"}, 0},
		"too many commas":                                      {head + "Y,A,1,1,1,41,69,,\n", nil, 1},
		"a long name":                                          {"yard,address\n" + strings.Repeat("Я", 201) + ",A\n", []string{"line 2, yard: is longer than 200 characters"}, 0},
		"a long value is shown in part":                        {head + "Y,A,1,1," + strings.Repeat("9", 50) + ",,\n", []string{"line 2, floor: '" + strings.Repeat("9", 40) + "…' is not a whole number from -9 to 200"}, 0},
		"a bell":                                               {"yard,address\nY,A\a1\n", []string{"line 2, address: holds a character that cannot be printed (U+0007)"}, 0},
		"a quote inside a value":                               {"yard,address\nY,A \"B\"\nY,C\n", []string{`line 2: a " stands inside a value: put the whole value into quotes and double those inside`}, 1},
		"a quote that ends early":                              {"yard,address\nY,\"A\" B\nY,C\n", []string{`line 2: a value that begins with " does not end with one: quotes inside are written twice`}, 1},
		"a quote that never ends":                              {"yard,address\nY,\"A\nY,C\n", []string{`line 2: a value that begins with " does not end properly: the lines up to 3 are lost in it`}, 0},
		"quotes as they should be":                             {"yard,address\n\"Y, 1\",\"ЖК \"\"Мирабад\"\"\"\n", nil, 1},
		"blank lines count for nothing":                        {"yard,address\n\n,\n  ,  \nY,\n", []string{"line 5, address: is empty"}, 0},
		"the same line twice":                                  {head + "Y,A,1,1,1,,\nY,A,1,1,1,,\n", nil, 2},
		"a later line knows more":                              {head + "Y,A,,1,,,\nY,A,1,1,3,41,69\n", nil, 2},
		"an address in two yards":                              {head + "Y,A,1,1,1,,\nZ,A,1,2,1,,\n", []string{"line 3, yard: line 2 puts this address into the yard 'Y'"}, 1},
		"a building at two places":                             {head + "Y,A,,,,41,69\nY,A,,,,42,69\n", []string{"line 3, lat: line 2 gives this address other coordinates (41, 69)"}, 1},
		"an apartment in two entrances":                        {head + "Y,A,1,1,1,,\nY,A,2,1,1,,\n", []string{"line 3, entrance: line 2 has this apartment in entrance '1'"}, 1},
		"an apartment on two floors":                           {head + "Y,A,1,1,1,,\nY,A,1,1,2,,\n", []string{"line 3, floor: line 2 has this apartment on floor 1"}, 1},
		"letters of numbers in either case":                    {head + "Y,A,1а,1а,1,,\nY,A,1А,1А,2,,\n", []string{"line 3, floor: line 2 has this apartment on floor 1"}, 1},
		"a bad line contradicts nobody":                        {head + "Y,A,1,1,x,,\nZ,A,1,1,2,,\n", []string{"line 2, floor: 'x' is not a whole number from -9 to 200"}, 1},
		"columns as the file names them":                       {"Двор;АДРЕС;Подъезд;Квартира;Этаж\nY;A;1;1;1\nZ;A;1;1;2\n", []string{"line 3, Двор: line 2 puts this address into the yard 'Y'", "line 3, Этаж: line 2 has this apartment on floor 1"}, 1},
		"a value of two lines moves the numbers of the others": {"yard,address\nY,\"A\n1\"\nY,\n", []string{"line 4, address: is empty"}, 1},
		"Excel's line about the separator counts":              {"sep=;\r\nyard;address\r\nY;\r\n", []string{"line 3, address: is empty"}, 0},
		"zero bytes":                                           {"yard,address\nY,A\x00\n", []string{"line 2: the file holds zero bytes: " + saveAsCSVHint}, 0},
		"UTF-16":                                               {"\xff\xfey\x00", []string{"line 1: the file is UTF-16: " + saveAsCSVHint}, 0},
		"a workbook":                                           {"PK\x03\x04\x14\x00", []string{"line 1: the file is a workbook, not CSV: " + saveAsCSVHint}, 0},
		"damaged UTF-8":                                        {"двор,адрес\nЯ,А\nЯ,Б\xd0\n", []string{"line 3: the file is damaged UTF-8 here: " + saveAsCSVHint}, 0},
		"an empty file": {
			"", []string{"line 1: the file is empty: its first line must name the columns, such as yard,address,entrance,apartment"}, 0,
		},
		"no header": {
			"Y,A 1\n", []string{
				"line 1, Y: is no column of an import: " + told(), "line 1, A 1: is no column of an import: " + told(),
				"line 1, yard: the column yard (двор) is missing", "line 1, address: the column address (адрес) is missing",
			}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, report, err := readFile(strings.NewReader(tc.file), maxBytes)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range report.Problems {
				got = append(got, p.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%q:\n got %s\nwant %s", tc.file, strings.Join(got, "\n     "), strings.Join(tc.want, "\n     "))
			}
			if report.Good != tc.good || report.Lines != report.Good+report.Bad {
				t.Errorf("%q: %d lines, %d good, %d bad; want %d good", tc.file, report.Lines, report.Good, report.Bad, tc.good)
			}
		})
	}
}

// TestFilesSayTheSameInEveryForm writes one file as different programs do.
func TestFilesSayTheSameInEveryForm(t *testing.T) {
	const plain = "двор;адрес;подъезд;квартира;этаж;широта;долгота\nЧиланзар-5;Чиланзар 5, дом 12;1;34а;4;41,2856;69,2034\n"
	cp1251, err := charmap.Windows1251.NewEncoder().String(plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"UTF-8":                  plain,
		"with a mark":            "\xef\xbb\xbf" + plain,
		"Windows-1251":           cp1251,
		"lines end as on DOS":    strings.ReplaceAll(plain, "\n", "\r\n"),
		"no newline at the end":  strings.TrimSuffix(plain, "\n"),
		"tabs":                   strings.ReplaceAll(plain, ";", "\t"),
		"Excel says what it is":  "sep=;\n" + plain,
		"quotes":                 strings.NewReplacer("Чиланзар 5, дом 12", `"Чиланзар 5, дом 12"`, "34а", `"34а"`).Replace(plain),
		"empty columns behind":   strings.ReplaceAll(plain, "\n", ";;\n"),
		"commas":                 "yard,address,entrance,apartment,floor,lat,lon\nЧиланзар-5,\"Чиланзар 5, дом 12\",1,34а,4,41.2856,69.2034\n",
		"another order":          "lon,lat,floor,apartment,entrance,address,yard\n69.2034,41.2856,4,34А,1,\"Чиланзар 5, дом 12\",Чиланзар-5\n",
		"spaces and other cases": " Двор ; АДРЕС;Подъезд;Квартира;Этаж;Широта;Долгота\n Чиланзар-5 ;Чиланзар  5, дом 12 ; 1;34а ;4; 41,2856 ; 69,2034\n",
		"й of two characters":    strings.Replace("двор;адрес;подъезд;квартира;этаж;широта;долгота\nЧиланзар-5;Чиланзар 5, дом 12;1;34а;4;41,2856;69,2034\n", "й", "и\u0306", 1),
	} {
		t.Run(name, func(t *testing.T) {
			said, report, err := readFile(strings.NewReader(file), maxBytes)
			if err != nil || !report.Clean() || report.Good != 1 {
				t.Fatalf("%d good, problems %v, %v", report.Good, report.Problems, err)
			}
			h := said.buildings[0]
			f := h.apartments[0]
			got := fmt.Sprint(said.yards, h.address, h.lat, h.lon, h.entrances, f.number, f.entrance, f.floor)
			if want := fmt.Sprint([]string{"Чиланзар-5"}, "Чиланзар 5, дом 12", 41.2856, 69.2034, []string{"1"}, "34А", "1", 4); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestProblemsBeyondAThousandAreCounted(t *testing.T) {
	_, report, err := readFile(strings.NewReader("yard,address\n"+strings.Repeat("Y,\n", problemsMax+234)), maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) != problemsMax || report.More != 234 || report.Bad != problemsMax+234 {
		t.Errorf("%d problems, %d more, %d bad lines", len(report.Problems), report.More, report.Bad)
	}
}

func FuzzReadFile(f *testing.F) {
	for _, seed := range []string{
		"", head + "Y,A,1,1,1,41,69\n", "sep=;\nдвор;адрес\nЯ;А\n", "\xef\xbb\xbfyard,address\n\"a\"\"b\",c\r\n", "\"", "yard\taddress\n\x98\t\xd0", "sep=;",
		"\xe4\xe2\xee\xf0;\xe0\xe4\xf0\xe5\xf1\n\xdf;\xc0\n", "yard,address,\n\"\n\n\",,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		said, report, err := readFile(strings.NewReader(string(file)), 1<<16)
		if err != nil {
			return
		}
		if report.Lines != report.Good+report.Bad {
			t.Errorf("%d lines, %d good, %d bad", report.Lines, report.Good, report.Bad)
		}
		if (report.Bad > 0 || said == nil) && report.Clean() {
			t.Error("something is bad and nothing says what")
		}
		last := 1 + strings.Count(string(file), "\n")
		for _, p := range report.Problems {
			if p.Line < 1 || p.Line > last || p.Detail == "" {
				t.Errorf("%+v of a file of %d lines", p, last)
			}
		}
		if said != nil && len(said.buildings) > report.Good {
			t.Errorf("%d buildings of %d good lines", len(said.buildings), report.Good)
		}
	})
}
