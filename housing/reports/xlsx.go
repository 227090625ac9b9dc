package reports

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"ukbot/housing/problem"
)

// xlsxMax is how many requests a workbook may hold: Excel opens a million lines,
// but few machines do so gladly, and it cannot be sent before it is whole.
const xlsxMax = 200_000

// workbook makes the table, its lines in a temporary file: a refusal can still
// be said. Close it.
func (t table) workbook(ctx context.Context) (*excelize.File, error) {
	book := excelize.NewFile()
	if err := t.fill(ctx, book); err != nil {
		return nil, errors.Join(err, book.Close())
	}
	return book, nil
}

// fill writes the lines.
func (t table) fill(ctx context.Context, book *excelize.File) error {
	name := sheet.in(t.company.Language)
	if err := book.SetSheetName(book.GetSheetName(0), name); err != nil {
		return err
	}
	lines, err := book.NewStreamWriter(name)
	if err != nil {
		return err
	}
	styles, err := stylesOf(book)
	if err != nil {
		return err
	}
	for i, column := range columns {
		if err := lines.SetColWidth(i+1, i+1, column.width); err != nil {
			return err
		}
	}
	if err := lines.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := lines.SetRow("A1", styles.headings(t.headings())); err != nil {
		return err
	}
	n := 0
	err = t.each(ctx, func(cells []any) error {
		if n++; n > t.most {
			return problem.InvalidField("query/format", fmt.Sprintf("a sheet holds %d requests at most: choose a shorter period, or csv", t.most))
		}
		return lines.SetRow(fmt.Sprintf("A%d", n+1), styles.line(cells))
	})
	if err != nil {
		return err
	}
	return lines.Flush()
}

// styles of cells.
type styles struct{ heading, time int }

func stylesOf(book *excelize.File) (s styles, err error) {
	if s.heading, err = book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return s, err
	}
	form := "yyyy-mm-dd hh:mm"
	s.time, err = book.NewStyle(&excelize.Style{CustomNumFmt: &form})
	return s, err
}

func (s styles) headings(cells []any) []any {
	for i, cell := range cells {
		cells[i] = excelize.Cell{StyleID: s.heading, Value: cell}
	}
	return cells
}

func (s styles) line(cells []any) []any {
	for i, cell := range cells {
		switch cell := cell.(type) {
		case time.Time: // a workbook knows no zones: what the clock on the wall showed
			wall := time.Date(cell.Year(), cell.Month(), cell.Day(), cell.Hour(), cell.Minute(), cell.Second(), 0, time.UTC)
			cells[i] = excelize.Cell{StyleID: s.time, Value: wall}
		case string:
			cells[i] = strings.Map(printable, cell)
		}
	}
	return cells
}

// printable drops what XML may not hold: a workbook with it does not open.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == '\ufffe' || r == '\uffff' {
		return -1
	}
	return r
}

// send writes the workbook as it is packed, and closes it. WriteTo would hold
// it in memory.
func send(book *excelize.File, to io.Writer) error {
	book.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(to) })
	_, err := book.WriteToBuffer()
	return errors.Join(err, book.Close())
}
