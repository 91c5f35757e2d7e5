import { QueryClient } from "@tanstack/react-query";
import { isWorthRetrying } from "./queries";

/** Server state lives here. Events renew it; the stale time only says what a page that opens may show at once. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 10 * 60_000,
      retry: isWorthRetrying,
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 8_000),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
