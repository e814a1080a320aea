# The local Segment in a container: docker build -t mockseg . && docker run -p 8765:8765 mockseg
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY man man
COPY mockseg mockseg
COPY pytest_plugin pytest_plugin
RUN pip wheel --no-cache-dir --wheel-dir /wheels ".[hcl,postgres,traffic,uvloop]"

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 mockseg \
    && mkdir /state \
    && chown mockseg:mockseg /state
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels "mockseg[hcl,postgres,traffic,uvloop]" \
    && rm -r /wheels
USER mockseg
ENV MOCKSEG_HOST=0.0.0.0 MOCKSEG_STATE_DIR=/state PYTHONUNBUFFERED=1
VOLUME /state
EXPOSE 8765 8766
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=6 CMD ["mockseg", "readyz", "--quiet"]
ENTRYPOINT ["mockseg"]
CMD ["serve"]
