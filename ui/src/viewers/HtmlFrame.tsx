import { ExternalLink } from "lucide-react";
import { useState } from "react";

/**
 * A page that a task made, in a frame that is of no origin: it cannot read this page, its cookies or its storage, and
 * the answer's own policy keeps it from the network.
 */
export function HtmlFrame({ src, title }: { src: string; title: string }) {
  const [isLoaded, setLoaded] = useState(false);
  return (
    <div className="flex h-full min-h-80 flex-col">
      <iframe
        src={src}
        title={title}
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
        loading="lazy"
        onLoad={() => setLoaded(true)}
        className="min-h-80 w-full flex-1 rounded-lg bg-white ring-1 ring-line"
      />
      <div className="flex items-center gap-2 pt-1.5 text-2xs text-ink-3">
        <span role="status">{isLoaded ? "Sandboxed: no access to this page, no network." : "Loading…"}</span>
        <a href={src} target="_blank" rel="noreferrer noopener" className="link ml-auto flex items-center gap-1">
          Open alone <ExternalLink size={10} aria-hidden />
        </a>
      </div>
    </div>
  );
}
