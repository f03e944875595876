package main

import (
	"sort"
	"sync"
	"time"
)

// inLanes repeats an action in each of the lanes until the time is up, or one fails.
func inLanes(lanes int, seconds float64, action func() (time.Duration, error)) ([]time.Duration, time.Duration, error) {
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	durations := make([][]time.Duration, lanes)
	errs := make([]error, lanes)
	var group sync.WaitGroup
	for lane := 0; lane < lanes; lane++ {
		group.Add(1)
		go func(lane int) {
			defer group.Done()
			for time.Now().Before(end) && errs[lane] == nil {
				var duration time.Duration
				duration, errs[lane] = action()
				durations[lane] = append(durations[lane], duration)
			}
		}(lane)
	}
	group.Wait()
	return merge(durations, errs, time.Since(start))
}

func merge(lanes [][]time.Duration, errs []error, elapsed time.Duration) ([]time.Duration, time.Duration, error) {
	var all []time.Duration
	for lane, durations := range lanes {
		if errs[lane] != nil {
			return nil, elapsed, errs[lane]
		}
		all = append(all, durations...)
	}
	return all, elapsed, nil
}

// percentileMs takes thousandths: of 990, the duration that 990 of 1,000 do not exceed.
func percentileMs(durations []time.Duration, thousandths int) float64 {
	sorted := append([]time.Duration(nil), durations...)
	sort.Slice(sorted, func(a, b int) bool { return sorted[a] < sorted[b] })
	if len(sorted) == 0 {
		return 0
	}
	index := (len(sorted)*thousandths+999)/1000 - 1
	return float64(sorted[index].Nanoseconds()) / 1e6
}
