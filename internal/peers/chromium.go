package peers

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ChromiumOption changes how the browser starts.
type ChromiumOption func() []chromedp.ExecAllocatorOption

// Language sets the browser's language, which it sends as Accept-Language:
// "fr", "en-GB".
func Language(tag string) ChromiumOption {
	return func() []chromedp.ExecAllocatorOption {
		return []chromedp.ExecAllocatorOption{
			chromedp.Flag("lang", tag), chromedp.Flag("accept-lang", tag), chromedp.Env("LANGUAGE=" + tag),
		}
	}
}

// Chromium starts a headless browser with an empty profile and returns the
// chromedp context of its first tab. The browser ends with the test, and after
// three minutes in any case, so that a page which never loads fails its test.
func Chromium(t testing.TB, options ...ChromiumOption) context.Context {
	t.Helper()
	bin := need(t, "chromium", []string{"chromium", "chromium-browser", "google-chrome"})
	// Not t.TempDir: the browser's helpers may still write when it has ended.
	home, err := tempDir("chromium")
	if err != nil {
		t.Fatal(err)
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(bin), chromedp.UserDataDir(home),
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home),
		chromedp.Flag("headless", "new"),
		chromedp.NoSandbox, // its sandbox refuses root, and user namespaces are often off in CI
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
	}
	for _, name := range []string{
		"disable-quic", "disable-sync", "disable-component-update", "disable-background-networking",
		"disable-default-apps", "disable-extensions", "disable-dev-shm-usage", "disable-breakpad", "mute-audio",
	} {
		opts = append(opts, chromedp.Flag(name, true))
	}
	for _, o := range options {
		opts = append(opts, o()...)
	}
	ctx, cancelTime := context.WithTimeout(context.Background(), 3*time.Minute)
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, opts...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		chromedp.Cancel(ctx) // asks the browser to close, and waits for it
		cancelTab()
		cancelBrowser()
		cancelTime()
		removeBusy(t, home)
	})
	err = chromedp.Do(ctx)
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

// removeBusy removes dir, into which ending processes may still write.
func removeBusy(t testing.TB, dir string) {
	deadline := time.Now().Add(stopWithin)
	for {
		err := os.RemoveAll(dir)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Logf("left behind: %v", err)
			return
		}
		<-time.After(50 * time.Millisecond)
	}
}
