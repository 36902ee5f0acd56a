package billing

import (
	"fmt"

	"parvis/internal/directory"
)

// netOf returns what of a total with tax is before tax: total / (1 + rate),
// rounded half away from zero. Computed once on a document's total and never by
// line: rounding each dwelling loses tens of euros a month in a city.
func netOf(total directory.Cents, perMille int) directory.Cents {
	if total < 0 {
		return -netOf(-total, perMille)
	}
	d := int64(1000 + perMille)
	return directory.Cents((2*1000*int64(total) + d) / (2 * d))
}

// vatOf returns the tax within a total: by difference, so that net and tax
// always add up.
func vatOf(total directory.Cents, perMille int) directory.Cents {
	return total - netOf(total, perMille)
}

// rateText spells a rate in per cent: 20 %, 5.5 %.
func rateText(perMille int) string {
	if perMille%10 == 0 {
		return fmt.Sprintf("%d %%", perMille/10)
	}
	return fmt.Sprintf("%d.%d %%", perMille/10, perMille%10)
}
