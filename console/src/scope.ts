// Which tenant's things are shown. SPDX-License-Identifier: Apache-2.0
import { createContext, useContext } from 'react';
import type { Tenant } from './api/client';

export interface Scope {
  /** Name of the tenant; empty: all. */
  tenant: string;
  choose: (tenant: string) => void;
  /** Those that are not removed. */
  tenants: readonly Tenant[];
}

export const ScopeContext = createContext<Scope>({ tenant: '', choose: () => {}, tenants: [] });
export const useScope = () => useContext(ScopeContext);
