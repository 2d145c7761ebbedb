// What pages show of the server, kept fresh. SPDX-License-Identifier: Apache-2.0
import { QueryCache, QueryClient, keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { noticesIn } from '../notices';
import { ApiError, api, result, type Installation } from './client';

export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // Started anew without its root key: the page for that is shown instead of all others.
      if (error instanceof ApiError && error.code === 'sealed' && query.queryKey[0] !== 'installation') refresh('installation');
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (count, error) => count < 1 && !(error instanceof ApiError && error.status >= 400),
      networkMode: 'always',
    },
  },
});

/** A sealed server says that it is, what it waits for, and little else. */
export type InstallationState = Omit<Installation, 'seal_state'> & { seal_state: 'open' | 'sealed'; waits_for?: string };

const scope = (tenant: string) => (tenant === '' ? {} : { tenant });

/** Streams tell of sessions at once; what they do not tell of is asked for now and then, while the page is looked at. */
const often = 5_000;

export const useInstallation = () =>
  useQuery({
    queryKey: ['installation'],
    queryFn: async (): Promise<InstallationState> => result(api.GET('/api/v1/installation')),
    staleTime: 60_000,
    refetchInterval: (query) => (query.state.data?.seal_state === 'sealed' ? 1_000 : false),
  });

/** Who is signed in, and what they may do. */
export const useAccess = () => useQuery({ queryKey: ['access'], queryFn: () => result(api.GET('/api/v1/access')), staleTime: 60_000 });

export const useTokens = (tenant: string) =>
  useQuery({ queryKey: ['tokens', tenant], queryFn: () => result(api.GET('/api/v1/tokens', { params: { query: scope(tenant) } })) });

export const useSignIns = (tenant: string) =>
  useQuery({ queryKey: ['sign-ins', tenant], queryFn: () => result(api.GET('/api/v1/sign-ins', { params: { query: scope(tenant) } })) });

export const useSecondFactor = (enabled: boolean) =>
  useQuery({ queryKey: ['second-factor'], queryFn: () => result(api.GET('/api/v1/second-factor')), enabled });

export const usePasskeys = () => useQuery({ queryKey: ['passkeys'], queryFn: () => result(api.GET('/api/v1/passkeys')) });

export const useIdentities = () => useQuery({ queryKey: ['identities'], queryFn: () => result(api.GET('/api/v1/identities')) });

export const useIdentityProviders = (tenant: string) =>
  useQuery({ queryKey: ['identity-providers', tenant], queryFn: () => result(api.GET('/api/v1/identity-providers', { params: { query: scope(tenant) } })) });

export const useTenants = () =>
  useQuery({ queryKey: ['tenants'], queryFn: () => result(api.GET('/api/v1/tenants')), refetchInterval: 30_000 });

export const useMembers = (tenant: string) =>
  useQuery({ queryKey: ['members', tenant], queryFn: () => result(api.GET('/api/v1/members', { params: { query: scope(tenant) } })) });

export const useServices = () =>
  useQuery({ queryKey: ['services'], queryFn: () => result(api.GET('/api/v1/services')), staleTime: Infinity });

/** Where members can log in. */
export const useLoginClients = () =>
  useQuery({ queryKey: ['oauth-clients'], queryFn: () => result(api.GET('/api/v1/oauth/clients')), staleTime: 60_000 });

const keysOf = (tenant: string) => ({ queryKey: ['keys', tenant], queryFn: () => result(api.GET('/api/v1/keys', { params: { query: scope(tenant) } })) });

export const useKeys = (tenant: string) =>
  useQuery({
    ...keysOf(tenant),
    refetchInterval: often,
    placeholderData: keepPreviousData,
  });

/** Those that want somebody; told of by the stream, so that asking again is for what only time changes. */
export const useNotices = (tenant: string) =>
  useQuery({
    ...keysOf(tenant),
    select: noticesIn,
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });

export const useKey = (id: string) =>
  useQuery({ queryKey: ['keys', 'one', id], queryFn: () => result(api.GET('/api/v1/keys/{id}', { params: { path: { id } } })), refetchInterval: often });

export const useSessions = (tenant: string, state: 'open' | 'ended' | '') =>
  useQuery({
    queryKey: ['sessions', tenant, state],
    queryFn: () => result(api.GET('/api/v1/sessions', { params: { query: { ...scope(tenant), ...(state === '' ? {} : { state }), limit: 1000 } } })),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });

export const useSession = (id: string, enabled = true) =>
  useQuery({
    queryKey: ['sessions', 'one', id],
    queryFn: () => result(api.GET('/api/v1/sessions/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data?.state === 'ended' ? false : often),
    enabled,
  });

export const useSkills = (tenant: string) =>
  useQuery({ queryKey: ['skills', tenant], queryFn: () => result(api.GET('/api/v1/skills', { params: { query: scope(tenant) } })) });

export const usePolicies = (tenant: string) =>
  useQuery({ queryKey: ['policies', tenant], queryFn: () => result(api.GET('/api/v1/policies', { params: { query: scope(tenant) } })) });

export const useSeals = () => useQuery({ queryKey: ['seals'], queryFn: () => result(api.GET('/api/v1/seals')) });

/** The last one since the server's start; null where there was none. */
export const useRewrap = (tenant: string) =>
  useQuery({
    queryKey: ['rewrap', tenant],
    queryFn: () => result(api.GET('/api/v1/tenants/{name}/rewrap', { params: { path: { name: tenant } } })).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }),
    enabled: tenant !== '',
    refetchInterval: (query) => (query.state.data?.state === 'running' ? 300 : false),
  });

export const useReceipts = (enabled = true) => useQuery({ queryKey: ['receipts'], queryFn: () => result(api.GET('/api/v1/receipts')), enabled });

export const useReceipt = (id: string) =>
  useQuery({
    queryKey: ['receipts', id],
    queryFn: () => result(api.GET('/api/v1/receipts/{id}', { params: { path: { id } } })),
    enabled: id !== '',
    staleTime: Infinity,
  });

export const useVerification = (enabled = true) =>
  useQuery({
    enabled,
    queryKey: ['verification'],
    queryFn: () => result(api.POST('/api/v1/audit/verify', { body: {} })),
    staleTime: 5 * 60_000,
    retry: false,
  });

export interface RecordFilter { tenant?: string; key?: string; session?: string; member?: string; kind?: 'use' | 'change' | 'finding' }

export const recordPage = 500;

/** The record, newest first, page by page. */
export const useRecord = (filter: RecordFilter, page = recordPage) =>
  useInfiniteQuery({
    queryKey: ['record', filter, page],
    queryFn: ({ pageParam }) =>
      result(api.GET('/api/v1/audit', { params: { query: { ...filter, limit: page, ...(pageParam === '' ? {} : { before: Number(pageParam) }) } } })),
    initialPageParam: '',
    getNextPageParam: (last) => (last.length < page ? undefined : last.at(-1)?.id),
    // The server reads the whole record for each page: not more often than somebody would notice.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 2 * often),
    placeholderData: keepPreviousData,
  });

/** Something has changed: what pages show of it is asked for anew. */
export function refresh(...names: string[]): void {
  for (const name of names) void queries.invalidateQueries({ queryKey: [name] });
}
