package journal

import (
	"fmt"
	"time"
)

// maxCommit bounds the records of one commit, and so how long the first of
// them waits.
const maxCommit = 1024

// measureEvery is how often the sizes on disk are looked up.
const measureEvery = 5 * time.Second

// rejectedYears is how long a record that cannot be read stays for somebody to
// look at: it is about people, and as old as a session may be (CPCE art. L34-1).
const rejectedYears = 1

// trimming asks the writer to delete what the store has taken.
type trimming struct {
	through  int64
	rejected []rejection
	done     chan error // holds one
}

// run is the writer: the only goroutine that touches the write side of the
// file. It ends after Close, when all that was handed in has been committed.
func (j *Journal) run() {
	defer close(j.stopped)
	probe := time.NewTicker(j.probing)
	defer probe.Stop()
	measure := time.NewTicker(measureEvery)
	defer measure.Stop()
	for {
		select {
		case w := <-j.queue:
			j.commit(j.gather(w))
		case t := <-j.trims:
			t.done <- j.trim(t)
		case <-probe.C:
			if j.broken.Load() {
				if err := j.recover(); err != nil {
					j.failed("probe", err)
				}
			}
		case <-measure.C:
			j.measure()
		case <-j.closing:
			j.finish()
			return
		}
	}
}

func (j *Journal) finish() {
	for {
		select {
		case w := <-j.queue:
			j.commit(j.gather(w))
		default:
			j.closeErr = j.file.close()
			return
		}
	}
}

// gather takes what waits behind first. It never waits for more: when idle a
// lone event is committed at once, and under load the next batch fills itself
// while the one before is being synced.
func (j *Journal) gather(first waiting) []waiting {
	batch := []waiting{first}
	for len(batch) < maxCommit {
		select {
		case w := <-j.queue:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// commit stores the batch in one transaction and only then releases those who
// wait. A batch that failed is refused as a whole; its NASes will send again.
func (j *Journal) commit(batch []waiting) {
	err := j.recover()
	if err == nil {
		rows := make([]row, len(batch))
		for i := range batch {
			rows[i] = batch[i].row
		}
		start := time.Now()
		err = j.file.append(rows)
		j.metrics.sync.Observe(time.Since(start).Seconds())
		j.metrics.batch.Observe(float64(len(batch)))
	}
	if err != nil {
		j.failed("append", err)
		err = fmt.Errorf("append to journal: %w", err)
	} else {
		if j.records.Load() == 0 {
			j.setOldest(batch[0].row.arrived)
		}
		j.setRecords(j.records.Load() + int64(len(batch)))
	}
	for i := range batch {
		batch[i].done <- err
	}
	if err == nil {
		select {
		case j.wake <- struct{}{}:
		default: // the token is there already
		}
	}
}

// trim runs in a transaction of its own: on a full disk deleting still works,
// and makes the room that appending needs.
func (j *Journal) trim(t trimming) error {
	if err := j.reopen(); err != nil {
		j.failed("trim", err)
		return err
	}
	n, err := j.file.trim(t.through, t.rejected, j.now().AddDate(-rejectedYears, 0, 0).UnixMilli())
	if err != nil {
		j.failed("trim", err)
		return err
	}
	left := max(0, j.records.Load()-n)
	j.setRecords(left)
	if left == 0 {
		j.setOldest(0)
		return nil
	}
	_, oldest, err := j.file.extent()
	if err != nil {
		j.metrics.errors.WithLabelValues(opRead).Inc()
		return nil // the rows are gone; only the metric is behind
	}
	j.setOldest(oldest)
	return nil
}

// failed notes that a write did not succeed. The connection is given up: what a
// failed commit left in it is not to be trusted.
func (j *Journal) failed(what string, err error) {
	j.metrics.errors.WithLabelValues(operationOf(err)).Inc()
	if !j.broken.Swap(true) || what == "open" {
		j.log.Error("journal cannot write: accounting is not answered", "operation", what, "error", err)
	}
	if err := j.file.closeWrite(); err != nil {
		j.log.Warn("journal: close after a failure", "error", err)
	}
}

// reopen opens the write side anew if it was given up.
func (j *Journal) reopen() error {
	if j.file.write != nil && j.file.insert != nil {
		return nil
	}
	if err := j.file.openWrite(); err != nil {
		return err
	}
	return j.file.prepare()
}

// recover makes a broken journal writable again, if there is room: all that was
// committed must be synced into the main file, and a block must fit.
func (j *Journal) recover() error {
	if !j.broken.Load() {
		return nil
	}
	if err := j.reopen(); err != nil {
		return err
	}
	if err := j.file.settle(); err != nil {
		return err
	}
	j.settled.Store(true)
	if err := j.file.probe(); err != nil {
		return err
	}
	j.broken.Store(false)
	j.log.Info("journal is writable")
	return nil
}

func (j *Journal) setRecords(n int64) {
	j.records.Store(n)
	j.metrics.records.Set(float64(n))
}

func (j *Journal) setOldest(unixMilli int64) { j.metrics.oldest.Set(float64(unixMilli) / 1000) }

func (j *Journal) measure() {
	j.metrics.bytes.Set(float64(j.file.size()))
	if n, ok := freeBytes(j.dir); ok {
		j.metrics.free.Set(float64(n))
	}
}
