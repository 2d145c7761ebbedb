// The catalogue. SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { useMay } from '../access';
import type { Service } from '../api/client';
import { useKeys, useServices } from '../api/queries';
import { href } from '../route';
import { useScope } from '../scope';
import { SearchField } from '../ui/fields';
import { ServiceMark } from '../ui/mark';
import { ButtonLink, Card, Fact, Facts, Loading, OutsideLink, Page, Problem } from '../ui/pieces';
import { delivery, home, plural } from '../words';
import { Skills } from './skills';

function ServiceCard({ service, count }: { service: Service; count: number }) {
  return (
    <article className="card service" aria-labelledby={`service-${service.id}`}>
      <div className="service-head">
        <ServiceMark service={service.id} />
        <div><h2 id={`service-${service.id}`}>{service.title}</h2><p className="quiet-text">{count === 0 ? 'Not connected' : `${plural(count, 'key')} in use`}</p></div>
        <ButtonLink href={href('connect', service.id)} aria-label={`Connect ${service.title}`}>Connect</ButtonLink>
      </div>
      <p className="key-delivery">{delivery[service.delivery].short}</p>
      <details>
        <summary>Facts<span className="unseen"> about {service.title}</span></summary>
        <Facts>
          <Fact name="Name">{<code>{service.id}</code>}</Fact>
          <Fact name="May be">{service.homes.map((each) => home[each as 'skill' | 'integration'].name.toLowerCase()).join(' or ')}</Fact>
          {service.hosts.length > 0 && <Fact name={service.delivery === 'proxied' ? 'Sent to' : 'Checked at'}>{service.hosts.join(', ')}</Fact>}
          {service.variables.length > 0 && <Fact name="Variables">{service.variables.map((name) => (name.startsWith('{') ? <span key={name}>one that you name </span> : <code key={name}>{name} </code>))}</Fact>}
          <Fact name="Can be checked">{service.can_check ? 'Yes, by a free call to the provider' : 'No; it shows at its first use'}</Fact>
          <Fact name="Ended at the provider">{service.ends_at_source ? 'Yes, with a revoke, in every copy' : 'Pasted keys by hand, in its console'}</Fact>
          {service.console_url !== '' && <Fact name="Provider’s console"><OutsideLink href={service.console_url}>{new URL(service.console_url).host}</OutsideLink></Fact>}
        </Facts>
      </details>
    </article>
  );
}

export function Services() {
  const { tenant } = useScope();
  const may = useMay();
  const { data: services, error } = useServices();
  const { data: keys } = useKeys(tenant);
  const [search, setSearch] = useState('');
  const wanted = search.toLowerCase();
  const shown = (services ?? []).filter((each) => `${each.title} ${each.id} ${each.hosts.join(' ')}`.toLowerCase().includes(wanted));
  const count = (id: string) => (keys ?? []).filter((key) => key.service === id && key.state !== 'revoked').length;
  return (
    <Page title="Services" lead="The kinds of keys this installation knows. A service says how its keys are delivered and where they may be sent; nobody can choose the weaker way.">
      <Problem error={error} />
      {!services && !error && <Loading what="the catalogue" />}
      <div className="filters"><SearchField label="Search services" value={search} onChange={setSearch} /></div>
      <div className="service-grid">{shown.map((service) => <ServiceCard key={service.id} service={service} count={count(service.id)} />)}</div>
      <Skills />
      <Card title="A service that is not here">
        <p>For most HTTP APIs, <a href={href('connect', 'generic-http')}>Any HTTP API</a> is enough: you name the host and the header. For a tool that reads a variable, take <a href={href('connect', 'generic-env')}>Any variable</a>.</p>
        <p>A service of your own, with its refused routes, its check and its variables, is one file in <code>catalog/</code> of the data directory, which is read when the server starts.{may.has('administer') && ' Describe it here, and the server reads along.'}</p>
        {may.has('administer') && <ButtonLink href={href('services', 'new')}>Describe a service</ButtonLink>}
      </Card>
    </Page>
  );
}
